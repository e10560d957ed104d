import { describe, expect, it } from 'vitest'
import type { ApiError } from '../../base/api-error.ts'
import type { AskedAnswerPart, AskedMessage } from '../../jobs/input/asked-job.ts'
import { encodeCarry } from '../encoded-carry.ts'
import { readResponseRequest } from './response-request.ts'

const ID = '0198f2c45a6b7c8d9e0f112233445566'
const UUID = '0198f2c4-5a6b-7c8d-9e0f-112233445566'
const PNG = 'data:image/png;base64,iVBORw0KGgo='

const PARTS: readonly AskedAnswerPart[] = [
  { type: 'reasoning', text: 'Hm', carry: { provider: 'openai', value: 'sig' } },
  { type: 'text', text: 'Hi', carry: { provider: 'openai', value: 'phase' } },
  { type: 'tool-call', callId: 'call_vendor', name: 'get_sum', arguments: '{}' },
]
const EARLIER = {
  part: async (jobId: string, index: number) => (jobId === UUID ? PARTS[index] : undefined),
  message: async (jobId: string, index: number): Promise<AskedMessage | undefined> =>
    jobId === UUID && index === 0 ? { role: 'user', content: 'Earlier' } : undefined,
  resolve: async (messages: readonly AskedMessage[]) => [...messages],
}

function read(body: object) {
  const resolveModel = (name: string) => ({ provider: 'openai', model: name })
  return readResponseRequest({ model: 'gpt-5', input: 'Go', ...body }, { resolveModel, earlier: EARLIER })
}

async function messagesOf(input: unknown) {
  return (await read({ input })).job.messages
}

async function faultOf(body: object) {
  const error: ApiError = await read(body).then(
    () => expect.unreachable('The request was taken'),
    (refusal: ApiError) => refusal,
  )
  return { code: error.code, param: error.faults?.[0]?.path, message: error.faults?.[0]?.message ?? error.message }
}

describe('a request of a response', () => {
  it('asks a job of a prompt with all of its options', async () => {
    const asked = await read({
      instructions: 'Be brief',
      max_output_tokens: 100,
      temperature: 0.5,
      top_p: 0.9,
      reasoning: { effort: 'low', summary: 'auto' },
      tools: [
        { type: 'function', name: 'get_sum', description: 'Adds', parameters: { type: 'object' }, strict: false },
      ],
      tool_choice: { type: 'function', name: 'get_sum' },
      parallel_tool_calls: false,
      text: { format: { type: 'json_schema', name: 'sum', schema: { type: 'object' }, strict: null } },
      metadata: { a: 'b' },
      background: true,
      stream: true,
    })
    expect(asked.job).toEqual({
      provider: 'openai',
      model: 'gpt-5',
      metadata: { a: 'b' },
      prompt: 'Go',
      options: {
        system: 'Be brief',
        maxTokens: 100,
        temperature: 0.5,
        topP: 0.9,
        reasoning: { effort: 'low' },
        tools: [{ name: 'get_sum', description: 'Adds', parameters: { type: 'object' } }],
        toolChoice: { name: 'get_sum' },
        parallelToolCalls: false,
        responseFormat: { type: 'json-schema', name: 'sum', schema: { type: 'object' } },
      },
    })
    expect(asked).toMatchObject({ isStored: true, isBackground: true, isStreamed: true })
    expect(asked.echo).toEqual({ model: 'gpt-5', background: true, metadata: { a: 'b' }, reasoning_summary: 'auto' })
  })

  it('takes null, empty lists and empty objects as absent', async () => {
    const asked = await read({
      instructions: null,
      tools: [],
      include: [],
      text: {},
      metadata: {},
      reasoning: { effort: null },
      previous_response_id: null,
      tool_choice: 'auto',
      conversation: null,
    })
    expect(asked.job).toEqual({ provider: 'openai', model: 'gpt-5', prompt: 'Go' })
    expect(asked.echo).toEqual({ model: 'gpt-5' })
  })

  it('reads messages of all roles, with and without type, and keeps the order of those of the system', async () => {
    const messages = await messagesOf([
      { role: 'developer', content: 'Rules' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'What?' },
          { type: 'input_image', image_url: PNG, detail: 'low' },
        ],
      },
      { type: 'message', role: 'system', content: [{ type: 'input_text', text: 'More' }] },
      { role: 'user', content: [{ type: 'input_file', filename: 'a.csv', file_data: 'YSxi' }] },
      { role: 'user', content: [{ type: 'input_file', file_url: 'https://example.com/a.pdf' }] },
    ])
    expect(messages).toEqual([
      { role: 'system', content: 'Rules' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What?' },
          { type: 'image', mediaType: 'image/png', data: 'iVBORw0KGgo=' },
        ],
      },
      { role: 'system', content: [{ type: 'text', text: 'More' }] },
      { role: 'user', content: [{ type: 'file', mediaType: 'text/csv', data: 'YSxi', name: 'a.csv' }] },
      { role: 'user', content: [{ type: 'file', url: 'https://example.com/a.pdf' }] },
    ])
  })

  it('makes one message of the items of an answer, and one of the results of its calls', async () => {
    const carry = { provider: 'anthropic', value: 'sig' }
    const messages = await messagesOf([
      {
        type: 'reasoning',
        id: 'rs_1',
        summary: [{ type: 'summary_text', text: 'Hm' }],
        encrypted_content: encodeCarry(carry),
      },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'A', annotations: [] }] },
      { role: 'assistant', content: [{ type: 'refusal', refusal: 'No' }] },
      { type: 'function_call', call_id: 'call_1', name: 'a', arguments: '{}', parsed_arguments: { a: null } },
      { type: 'function_call', call_id: 'call_2', name: 'b', arguments: '' },
      { type: 'function_call_output', call_id: 'call_1', output: '1' },
      { type: 'function_call_output', call_id: 'call_2', output: [{ type: 'input_text', text: '2' }] },
      { role: 'user', content: 'Go on' },
    ])
    expect(messages).toEqual([
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm', carry },
          { type: 'text', text: 'A' },
          { type: 'refusal', text: 'No' },
          { type: 'tool-call', callId: 'call_1', name: 'a', arguments: '{}' },
          { type: 'tool-call', callId: 'call_2', name: 'b', arguments: '' },
        ],
      },
      {
        role: 'tool',
        content: [
          { type: 'tool-result', callId: 'call_1', content: '1' },
          { type: 'tool-result', callId: 'call_2', content: [{ type: 'text', text: '2' }] },
        ],
      },
      { role: 'user', content: 'Go on' },
    ])
  })

  it('finds items of earlier responses by their ids', async () => {
    const messages = await messagesOf([
      { type: 'item_reference', id: `msg_${ID}_i0` },
      { id: `rs_${ID}_0` },
      { type: 'item_reference', id: `msg_${ID}_1` },
      { type: 'item_reference', id: `fc_${ID}_2` },
    ])
    expect(messages).toEqual([
      { role: 'user', content: 'Earlier' },
      { role: 'assistant', content: [PARTS[0], PARTS[1], { ...PARTS[2], callId: `call_${ID}_2` }] },
    ])
  })

  it('leaves out the message of an answer that had nothing to say', async () => {
    const parts = { ...EARLIER, part: async () => undefined }
    const input = [
      { role: 'user', content: 'Go' },
      { type: 'item_reference', id: `msg_${ID}_0` },
    ]
    const resolveModel = (model: string) => ({ provider: 'openai', model })
    const { job } = await readResponseRequest({ model: 'gpt-5', input }, { resolveModel, earlier: parts })
    expect(job.messages).toEqual([{ role: 'user', content: 'Go' }])
  })

  it('takes what the vendor wants back from the store, unless the client has changed the text', async () => {
    const messages = await messagesOf([
      { id: `msg_${ID}_1`, role: 'assistant', content: [{ type: 'output_text', text: 'Hi' }] },
      { id: `msg_${ID}_1`, role: 'assistant', content: [{ type: 'output_text', text: 'Hello' }] },
      { type: 'reasoning', id: `rs_${ID}_0`, summary: [] },
    ])
    expect(messages).toEqual([{ role: 'assistant', content: [PARTS[1], { type: 'text', text: 'Hello' }, PARTS[0]] }])
  })

  it('drops the encrypted content of others, and reasoning that has nothing else', async () => {
    const messages = await messagesOf([
      { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAAAABo' },
      { role: 'assistant', content: 'Hi' },
    ])
    expect(messages).toEqual([{ role: 'assistant', content: [{ type: 'text', text: 'Hi' }] }])
  })

  it('goes on behind an earlier response', async () => {
    expect((await read({ previous_response_id: `resp_${ID}` })).job.previousJobId).toBe(UUID)
    expect(await faultOf({ previous_response_id: 'other' })).toMatchObject({ code: 'previous-job-gone' })
  })

  it('is refused when it refers to an item that is not there', async () => {
    expect(await faultOf({ input: [{ type: 'item_reference', id: 'msg_other' }] })).toEqual({
      code: 'item-not-found',
      param: 'input',
      message: "Item with id 'msg_other' not found.",
    })
  })

  it.each([
    [{ input: null }, 'input', /^Is required/],
    [{ stop: ['a'] }, 'stop', /^Unknown field/],
    [{ tools: [{ type: 'web_search' }] }, 'tools[0].type', /runs no tools/],
    [
      { tools: [{ type: 'function', name: 'a', strict: true, parameters: { type: 'object', properties: { a: {} } } }] },
      'tools[0].parameters',
      /strict/,
    ],
    [
      { text: { format: { type: 'json_schema', name: 'a', schema: { type: 'object' }, strict: true } } },
      'text.format.schema',
      /strict/,
    ],
    [{ text: { verbosity: 'low' } }, 'text.verbosity', /medium/],
    [{ tool_choice: { type: 'allowed_tools', mode: 'auto', tools: [] } }, 'tool_choice', /auto, none, required/],
    [{ conversation: 'conv_1' }, 'conversation', /previous_response_id/],
    [{ prompt: { id: 'pmpt_1' } }, 'prompt', /not kept/],
    [{ background: true, store: false }, 'background', /store/],
    [{ truncation: 'auto' }, 'truncation', /disabled/],
    [{ service_tier: 'flex' }, 'service_tier', /auto or default/],
    [{ top_logprobs: 3 }, 'top_logprobs', /0/],
    [{ include: ['message.output_text.logprobs'] }, 'include[0]', /one of/],
    [{ metadata: { a: 'x'.repeat(513) } }, 'metadata.a', /512/],
    [{ reasoning: { effort: 'max' } }, 'reasoning.effort', /one of/],
    [
      { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'file_1' }] }] },
      'input[0].content[0].file_id',
      /keeps no files/,
    ],
    [{ input: [{ role: 'user', content: [{ type: 'input_audio', data: '' }] }] }, 'input[0].content[0].type', /./],
    [
      { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'data:image/tiff;base64,AAAA' }] }] },
      'input[0].content[0].image_url',
      /image\/png/,
    ],
    [{ input: [{ type: 'web_search_call', id: 'ws_1' }] }, 'input[0].type', /Must be message/],
  ])('is refused with the name of the parameter: %j', async (body, param, message) => {
    expect(await faultOf(body)).toMatchObject({ param, message: expect.stringMatching(message) })
  })

  it('knows the parameter that each path of its job stands for', async () => {
    const { paramOf } = await read({
      input: [
        { role: 'system', content: 'Rules' },
        {
          role: 'assistant',
          content: [
            { type: 'output_text', text: '' },
            { type: 'output_text', text: 'A' },
          ],
        },
        { type: 'function_call', call_id: 'call_1', name: 'a', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: [{ type: 'input_image', image_url: PNG }] },
        { role: 'user', content: [{ type: 'input_file', file_url: 'http://localhost/' }] },
      ],
    })
    const paths = {
      model: 'model',
      provider: 'model',
      previousJobId: 'previous_response_id',
      'options.maxTokens': 'max_output_tokens',
      'options.system': 'instructions',
      'options.tools[0].parameters': 'tools[0].parameters',
      'options.toolChoice.name': 'tool_choice.name',
      'options.responseFormat.schema': 'text.format.schema',
      'options.reasoning': 'reasoning.effort',
      messages: 'input',
      'messages[0].content': 'input[0].content',
      'messages[1].content[0].text': 'input[1].content[1].text',
      'messages[1].content[1].callId': 'input[2].call_id',
      'messages[2].content[0].callId': 'input[3].call_id',
      'messages[2].content[0].content[0].data': 'input[3].output[0].image_url',
      'messages[3].content[0].url': 'input[4].content[0].file_url',
    }
    expect(Object.fromEntries(Object.keys(paths).map((path) => [path, paramOf(path)]))).toEqual(paths)
  })
})
