import type { JobOptions } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import type { CompletionOptions } from '../llm-provider.ts'
import type { AssistantPart, Message } from '../message.ts'
import { anthropicRequest, usualStyle } from './anthropic-request.ts'

function requestOf(options: Partial<CompletionOptions> = {}, prompt: string | readonly Message[] = 'Hi') {
  const all = { model: 'claude-sonnet-4-5', signal: new AbortController().signal, ...options }
  return anthropicRequest(prompt, all, usualStyle(all.model))
}

const text = (value: string) => ({ type: 'text', text: value }) as const
const user = (...texts: string[]): Message => ({ role: 'user', content: texts.map(text) })
const assistant = (...content: AssistantPart[]): Message => ({ role: 'assistant', content })
const result = (callId: string, ...texts: string[]): Message => ({
  role: 'tool',
  content: [{ type: 'tool-result', callId, content: texts.map(text) }],
})
const call = (callId: string, json = '{"a":1}'): AssistantPart => ({
  type: 'tool-call',
  callId,
  name: 'add',
  arguments: json,
})

describe('anthropicRequest', () => {
  it('sends nothing that was not asked for, but a token limit', () => {
    expect(requestOf()).toEqual({
      model: 'claude-sonnet-4-5',
      max_tokens: 64_000,
      stream: true,
      messages: [{ role: 'user', content: 'Hi' }],
    })
  })

  it('sends the options under their names', () => {
    const options = { system: 'Be brief.', temperature: 0, topP: 0.5, maxTokens: 7, stop: ['END'] }
    expect(requestOf(options)).toMatchObject({
      system: 'Be brief.',
      temperature: 0,
      top_p: 0.5,
      max_tokens: 7,
      stop_sequences: ['END'],
    })
  })

  it('sends the fields for the vendor, and none of them in place of its own', () => {
    const vendor = { cache_control: { type: 'ephemeral' }, metadata: { user_id: 'u1' }, model: 'other' }
    expect(requestOf({ vendor })).toMatchObject({
      cache_control: { type: 'ephemeral' },
      metadata: { user_id: 'u1' },
      model: 'claude-sonnet-4-5',
    })
  })

  it.each<[Partial<JobOptions>, unknown]>([
    [{}, undefined],
    [{ toolChoice: 'auto' }, { type: 'auto' }],
    [{ toolChoice: 'none', parallelToolCalls: false }, { type: 'none' }],
    [{ toolChoice: 'required' }, { type: 'any' }],
    [{ toolChoice: { name: 'add' } }, { type: 'tool', name: 'add' }],
    [{ parallelToolCalls: false }, { type: 'auto', disable_parallel_tool_use: true }],
    [
      { toolChoice: 'required', parallelToolCalls: true },
      { type: 'any', disable_parallel_tool_use: false },
    ],
  ])('sends the choice of tools %j', (options, choice) => {
    const tools = [
      { name: 'add', description: 'Adds.', parameters: { type: 'object', required: ['a'] } },
      { name: 'now' },
    ]
    const request = requestOf({ ...options, tools })
    expect(request.tool_choice).toEqual(choice)
    expect(request.tools).toEqual([
      { name: 'add', description: 'Adds.', input_schema: { type: 'object', required: ['a'] } },
      { name: 'now', input_schema: { type: 'object' } },
    ])
  })

  it('sends a schema beside an effort, and no format for text', () => {
    const responseFormat = { type: 'json-schema', name: 'sum', schema: { type: 'object' } } as const
    const options = { model: 'claude-opus-5-5', reasoning: { effort: 'high' } } as const
    const format = { type: 'json_schema', schema: { type: 'object' } }
    expect(requestOf({ ...options, responseFormat }).output_config).toEqual({ effort: 'high', format })
    expect(requestOf({ responseFormat: { type: 'text' } }).output_config).toBeUndefined()
  })

  it.each([
    ['claude-3-haiku-20240307', 4_096],
    ['claude-3-5-sonnet-20241022', 8_192],
    ['claude-3-7-sonnet-latest', 64_000],
    ['claude-opus-4-20250514', 32_000],
    ['claude-opus-4-1', 32_000],
    ['anthropic/claude-opus-4.5', 64_000],
    ['claude-sonnet-4@20250514', 64_000],
    ['claude-haiku-4-5-20251001', 64_000],
    ['anthropic.claude-opus-4-6-v1', 128_000],
    ['claude-haiku-5-5', 128_000],
    ['claude-mythos-preview', 128_000],
    ['glm-5', 32_000],
  ])('chooses the most tokens of %s: %i', (model, maxTokens) => {
    expect(requestOf({ model }).max_tokens).toBe(maxTokens)
  })

  const shown = { type: 'adaptive', display: 'summarized' }
  it.each<[string, NonNullable<JobOptions['reasoning']>['effort'] | undefined, unknown, string | undefined]>([
    ['claude-sonnet-4-5', undefined, undefined, undefined],
    ['claude-sonnet-4-5', 'none', { type: 'disabled' }, undefined],
    ['claude-sonnet-4-5', 'minimal', { type: 'enabled', budget_tokens: 1_024 }, undefined],
    ['claude-sonnet-4-5', 'xhigh', { type: 'enabled', budget_tokens: 32_000 }, undefined],
    ['glm-5', 'low', { type: 'enabled', budget_tokens: 2_048 }, undefined],
    ['claude-sonnet-4-6', undefined, undefined, undefined],
    ['claude-sonnet-4-6', 'none', { type: 'disabled' }, undefined],
    ['claude-sonnet-4-6', 'xhigh', shown, 'high'],
    ['claude-opus-4-7', 'xhigh', shown, 'xhigh'],
    ['claude-opus-5', 'none', { type: 'disabled' }, undefined],
    ['claude-opus-5', 'minimal', shown, 'low'],
    ['claude-opus-5-5', undefined, shown, undefined],
    ['claude-opus-5-5', 'none', shown, 'low'],
    ['claude-opus-5-5', 'medium', shown, 'medium'],
    ['claude-sonnet-5', 'none', { type: 'disabled' }, undefined],
    ['claude-sonnet-5-5', 'none', { type: 'between_tools' }, undefined],
    ['claude-haiku-5-5', 'none', { type: 'disabled' }, undefined],
    ['claude-fable-5-1', 'none', shown, 'low'],
  ])('asks %s with the effort %s for the right thinking', (model, effort, thinking, level) => {
    const request = requestOf({ model, ...(effort && { reasoning: { effort } }) })
    expect(request.thinking).toEqual(thinking)
    expect(request.output_config?.effort).toBe(level)
    expect(request).not.toHaveProperty('temperature')
  })

  it('leaves a quarter of the limit for the answer', () => {
    const thinking = (maxTokens: number) => requestOf({ maxTokens, reasoning: { effort: 'high' } }).thinking
    expect(thinking(8_000)).toMatchObject({ budget_tokens: 6_000 })
    expect(thinking(500)).toMatchObject({ budget_tokens: 1_024 })
  })

  it('does not ask for thoughts by itself if a tool must be called', () => {
    const options = { model: 'claude-sonnet-5', tools: [{ name: 'add' }] }
    expect(requestOf({ ...options, toolChoice: 'auto' }).thinking).toEqual(shown)
    expect(requestOf({ ...options, toolChoice: 'required' }).thinking).toBeUndefined()
    expect(requestOf({ ...options, toolChoice: { name: 'add' } }).thinking).toBeUndefined()
  })
})

describe('a conversation for Anthropic', () => {
  it('has its system texts in the system field, in their order', () => {
    const system: Message = { role: 'system', content: [text('Be '), text('kind.')] }
    const late: Message = { role: 'system', content: [text('Hurry.')] }
    expect(requestOf({}, [system, user('Hi')]).system).toBe('Be kind.')
    const request = requestOf({ system: 'Be brief.' }, [system, user('Hi'), late])
    expect(request.system).toEqual([text('Be brief.'), text('Be kind.'), text('Hurry.')])
    expect(request.messages).toEqual([{ role: 'user', content: 'Hi' }])
  })

  it('has one message for what one side said, results of tools first', () => {
    const conversation = [
      user('Hi'),
      user('you'),
      assistant(text('Wait.'), call('c1'), call('c2')),
      user('Quick!'),
      result('c1', '3'),
      result('c2', ' '),
    ]
    expect(requestOf({}, conversation).messages).toEqual([
      { role: 'user', content: [text('Hi'), text('you')] },
      {
        role: 'assistant',
        content: [
          text('Wait.'),
          { type: 'tool_use', id: 'c1', name: 'add', input: { a: 1 } },
          { type: 'tool_use', id: 'c2', name: 'add', input: { a: 1 } },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'c1', content: [text('3')] },
          { type: 'tool_result', tool_use_id: 'c2' },
          text('Quick!'),
        ],
      },
    ])
  })

  it('sends signed thinking back unchanged and in its place, and no other reasoning', () => {
    const parts: AssistantPart[] = [
      { type: 'reasoning', text: 'Hm. ', carry: { type: 'thinking', signature: 's1' } },
      { type: 'reasoning', text: '', carry: { type: 'redacted_thinking', data: 'd1' } },
      text('Well.'),
      { type: 'reasoning', text: '', carry: { type: 'thinking', signature: 's2' } },
      { type: 'reasoning', text: 'unsigned' },
      { type: 'reasoning', text: 'of another vendor', carry: 's3' },
      { type: 'refusal', text: 'No.' },
      call('c1'),
    ]
    expect(requestOf({}, [user('Hi'), assistant(...parts)]).messages[1]?.content).toEqual([
      { type: 'thinking', thinking: 'Hm. ', signature: 's1' },
      { type: 'redacted_thinking', data: 'd1' },
      text('Well.'),
      { type: 'thinking', thinking: '', signature: 's2' },
      text('No.'),
      { type: 'tool_use', id: 'c1', name: 'add', input: { a: 1 } },
    ])
  })

  it('ends no answer with thinking, which Anthropic refuses', () => {
    const thinking: AssistantPart = { type: 'reasoning', text: 'Hm.', carry: { type: 'thinking', signature: 's1' } }
    const answers = [assistant(text('So.'), thinking), user('And?'), assistant(thinking), user('Well?')]
    const { messages } = requestOf({}, [user('Add'), ...answers])
    expect(messages).toEqual([
      { role: 'user', content: 'Add' },
      { role: 'assistant', content: 'So.' },
      { role: 'user', content: [text('And?'), text('Well?')] },
    ])
  })

  it('ends an answer that is to go on without white space, which Anthropic refuses', () => {
    const before = [user('Tell'), assistant(text('Once '))]
    expect(requestOf({}, before).messages.at(-1)).toEqual({ role: 'assistant', content: 'Once' })
    expect(requestOf({}, [...before, user('And?')]).messages[1]).toEqual({ role: 'assistant', content: 'Once ' })
  })

  it('sends no text of white space, which Anthropic refuses', () => {
    const conversation = [user('Hi', ' '), assistant(text('\n\n'), call('c1')), result('c1', 'ok')]
    const { messages } = requestOf({}, conversation)
    expect(messages[0]?.content).toBe('Hi')
    expect(messages[1]?.content).toEqual([{ type: 'tool_use', id: 'c1', name: 'add', input: { a: 1 } }])
  })

  it('sends ids and arguments of other vendors in a form that Anthropic takes', () => {
    const conversation = [
      user('Hi'),
      assistant(call('functions.add:0', ''), call('c2', '[1]'), call('c3', '{"a":')),
      result('functions.add:0', '3'),
    ]
    expect(requestOf({}, conversation).messages.slice(1)).toMatchObject([
      { content: [{ id: 'functions_add_0', input: {} }, { input: {} }, { input: {} }] },
      { content: [{ tool_use_id: 'functions_add_0' }] },
    ])
  })

  it('sends images and files as data or by their address', () => {
    const data = Buffer.from('abc').toString('base64')
    const parts = [
      { type: 'image', mediaType: 'image/png', data },
      { type: 'image', url: 'https://example.com/a.png' },
      { type: 'file', mediaType: 'application/pdf', data, name: 'a.pdf' },
      { type: 'file', url: 'https://example.com/a.pdf' },
      { type: 'file', mediaType: 'text/csv', data },
    ] as const
    const blocks = [
      { type: 'image', source: { type: 'base64', media_type: 'image/png', data } },
      { type: 'image', source: { type: 'url', url: 'https://example.com/a.png' } },
      { type: 'document', source: { type: 'base64', media_type: 'application/pdf', data }, title: 'a.pdf' },
      { type: 'document', source: { type: 'url', url: 'https://example.com/a.pdf' } },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'abc' } },
    ]
    const inResult: Message = { role: 'tool', content: [{ type: 'tool-result', callId: 'c1', content: parts }] }
    expect(requestOf({}, [{ role: 'user', content: parts }]).messages[0]?.content).toEqual(blocks)
    expect(requestOf({}, [user('Hi'), assistant(call('c1')), inResult]).messages[2]?.content).toEqual([
      { type: 'tool_result', tool_use_id: 'c1', content: blocks },
    ])
  })

  it('refuses an image of a type that Anthropic does not take', () => {
    const image = { type: 'image', mediaType: 'image/tiff', data: 'AAAA' } as const
    expect(() => requestOf({}, [{ role: 'user', content: [image] }])).toThrow('takes no images of the type image/tiff')
  })
})
