import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chatFaults, readChat } from '../../../test/support/read-chat.ts'
import { cases } from '../../../test/support/rounds.ts'
import { ApiError } from '../../base/api-error.ts'
import { readChatRequest } from './chat-request.ts'

const USER = { role: 'user', content: 'Hi' }
const RESOLVE = (model: string) => ({ provider: 'acme', model })

describe('the options of a chat completion', () => {
  it('become those of a job', () => {
    const parameters = { type: 'object', properties: {} }
    expect(
      readChat({
        max_completion_tokens: 5,
        temperature: 0,
        top_p: 0.5,
        stop: 'end',
        seed: 7,
        presence_penalty: 1,
        frequency_penalty: -1,
        tools: [{ type: 'function', function: { name: 'look', description: 'Looks.', parameters, strict: false } }],
        tool_choice: { type: 'function', function: { name: 'look' } },
        parallel_tool_calls: false,
        reasoning_effort: 'low',
        response_format: { type: 'json_object' },
      }).job.options,
    ).toEqual({
      maxTokens: 5,
      temperature: 0,
      topP: 0.5,
      stop: ['end'],
      seed: 7,
      presencePenalty: 1,
      frequencyPenalty: -1,
      tools: [{ name: 'look', description: 'Looks.', parameters }],
      toolChoice: { name: 'look' },
      parallelToolCalls: false,
      reasoning: { effort: 'low' },
      responseFormat: { type: 'json' },
    })
  })

  it('are absent if null, an empty list or an empty object was sent', () => {
    const absent = {
      tools: [],
      stop: null,
      logit_bias: {},
      stream_options: null,
      modalities: null,
      n: null,
      audio: null,
    }
    expect(readChat({ ...absent, metadata: {}, temperature: null, response_format: {} })).toMatchObject({
      job: { provider: 'acme', model: 'mini', messages: [USER] },
      echo: { model: 'mini' },
    })
    expect(readChat(absent).job).not.toHaveProperty('options')
  })

  it('put the description of a schema into the schema', () => {
    const json_schema = { name: 'point', description: 'A point.', schema: { type: 'object' } }
    expect(readChat({ response_format: { type: 'json_schema', json_schema } }).job.options?.responseFormat).toEqual({
      type: 'json-schema',
      name: 'point',
      schema: { type: 'object', description: 'A point.' },
    })
  })

  it('are refused for a strict schema that vendors cannot keep to', () => {
    const schema = { type: 'object', properties: { x: {} }, required: ['x'] }
    const format = { type: 'json_schema', json_schema: { name: 'point', schema, strict: true } }
    const tool = { type: 'function', function: { name: 'look', parameters: schema, strict: true } }
    expect(chatFaults({ response_format: format, tools: [tool] }).map((fault) => fault.split(':')[0])).toEqual([
      'tools[0].function.parameters',
      'response_format.json_schema.schema',
    ])
    const closed = { ...schema, additionalProperties: false }
    expect(
      readChat({ response_format: { ...format, json_schema: { ...format.json_schema, schema: closed } } }).job.options,
    ).toMatchObject({ responseFormat: { strict: true } })
  })

  it('may have the values of OpenAI that change nothing', () => {
    const harmless = {
      n: 1,
      logprobs: false,
      modalities: ['text'],
      service_tier: 'auto',
      verbosity: 'medium',
      user: 'u',
      safety_identifier: 's',
      prompt_cache_key: 'k',
      prompt_cache_retention: 'in_memory',
      parallel_tool_calls: true,
      stream_options: { include_obfuscation: true },
    }
    expect(readChat(harmless).job).not.toHaveProperty('options')
  })

  it.each([
    ['n', 2],
    ['logprobs', true],
    ['top_logprobs', 3],
    ['logit_bias', { 50256: -100 }],
    ['service_tier', 'flex'],
    ['modalities', ['text', 'audio']],
    ['audio', { voice: 'alloy' }],
    ['prediction', { type: 'content', content: 'x' }],
    ['web_search_options', { search_context_size: 'low' }],
    ['functions', [{ name: 'f' }]],
    ['function_call', 'auto'],
    ['verbosity', 'low'],
    ['prompt_cache_retention', '24h'],
    ['moderation', { model: 'm' }],
    ['temperature', 'hot'],
    ['reasoning_effort', 'much'],
    ['conversation', 'conv_1'],
  ])('are refused for %s of %j, with its name', (name, value) => {
    const faults = chatFaults({ [name]: value })
    expect(faults).toHaveLength(1)
    expect(faults[0]?.startsWith(`${name}: `), faults[0]).toBe(true)
  })

  it('are refused for tools that this server would have to run', () => {
    expect(chatFaults({ tools: [{ type: 'web_search' }] })[0]).toBe(
      'tools[0].type: Must be function. This server runs no tools, and takes no custom ones',
    )
  })

  it('are refused with the name of a field that is unknown', () => {
    expect(chatFaults({ max_token: 5 })).toEqual(['max_token: Unknown field; did you mean max_tokens?'])
    expect(() => readChatRequest('text', RESOLVE)).toThrow(ApiError)
    expect(() => readChatRequest(undefined, RESOLVE)).toThrow(ApiError)
  })
})

describe('a chat completion', () => {
  it('is streamed, stored and reports usage as it asks', () => {
    expect(readChat({})).toMatchObject({ isStreamed: false, isStored: true, isBackground: false, hasUsageChunk: false })
    expect(readChat({ store: false }).isStored).toBe(false)
    expect(readChat({ stream: true, stream_options: { include_usage: true } })).toMatchObject({
      isStreamed: true,
      hasUsageChunk: true,
    })
  })

  it('keeps the name of the model and the metadata for its answers', () => {
    expect(readChat({ metadata: { run: '7' } }).echo).toEqual({ model: 'mini', metadata: { run: '7' } })
    expect(chatFaults({ metadata: { run: 7 } })).toEqual(['metadata.run: Must be a text, not a number'])
  })
})

describe('any body', () => {
  const field = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.constantFrom('user', 'assistant', 'tool', 'text', 'image_url', 'function', 'json_schema', 'data:,', null),
  )
  const part = fc.record(
    { type: field, text: field, image_url: fc.record({ url: field }), file: fc.record({ file_data: field }) },
    { requiredKeys: [] },
  )
  const message = fc.record(
    {
      role: fc.constantFrom('system', 'user', 'assistant', 'tool', 'other'),
      content: fc.oneof(field, fc.array(part, { maxLength: 3 })),
      tool_call_id: field,
      tool_calls: fc.array(fc.record({ id: field, function: fc.record({ name: field, arguments: field }) })),
    },
    { requiredKeys: ['role'] },
  )
  const body = fc.record(
    {
      model: field,
      messages: fc.oneof(field, fc.array(message, { maxLength: 4 })),
      tools: fc.oneof(field, fc.array(fc.record({ type: field, function: field }), { maxLength: 2 })),
      response_format: fc.oneof(field, fc.record({ type: field, json_schema: field })),
      stop: field,
      tool_choice: field,
    },
    { requiredKeys: [] },
  )

  it('is read or refused with faults, and never fails', () => {
    fc.assert(
      fc.property(fc.oneof(field, body), (sent) => {
        try {
          expect(readChatRequest(sent, RESOLVE).job.provider).toBe('acme')
        } catch (error) {
          if (!(error instanceof ApiError)) throw error
          expect(error.faults?.length).toBeGreaterThan(0)
        }
      }),
      cases(500),
    )
  })
})
