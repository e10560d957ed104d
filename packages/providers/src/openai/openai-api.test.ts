import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { drain } from '../testing/drain.ts'
import { responsesEvent } from '../testing/responses-vendor.ts'
import { type LoopbackVendor, startOpenAIVendor, startResponsesVendor } from '../testing/vendors.ts'
import { apiAt, openAIProvider } from './openai-api.ts'

let vendor: LoopbackVendor
const onNotice = vi.fn<(notice: string) => void>()
beforeEach(async () => {
  vendor = await startResponsesVendor()
  onNotice.mockClear()
})
afterEach(() => vendor.close())

const USER: Message = { role: 'user', content: [{ type: 'text', text: 'Hello' }] }

/** Completes a prompt; the vendor refuses the first requests with these words, and then answers. */
async function run(
  { refusals = [], ...options }: Partial<CompletionOptions> & { refusals?: readonly string[] } = {},
  prompt: string | readonly Message[] = 'Hello',
) {
  const bodies: unknown[] = []
  vendor.respondWith((exchange) => {
    const message = refusals[bodies.push(exchange.body) - 1]
    if (message !== undefined) return exchange.fail(400, { message })
    exchange.sendToken('Hi')
    exchange.finish()
  })
  const provider = openAIProvider('responses', { baseUrl: vendor.url, apiKey: () => 'any', onNotice })
  const { signal } = new AbortController()
  return { bodies, ...(await drain(provider.complete(prompt, { model: 'o9', signal, ...options }))) }
}

describe('openAIProvider by Responses', () => {
  it('goes by Responses with everything that a run of the server passes', async () => {
    const { bodies } = await run({ mayStore: true, onLimits: () => {} })
    expect(bodies).toMatchObject([{ input: expect.anything() }])
  })

  it('asks for nothing to be stored, for no padding, and for what the next turn needs', async () => {
    const { bodies, fragments } = await run({ system: 'Be brief.', maxTokens: 16, reasoning: { effort: 'low' } })
    expect(fragments).toEqual(['Hi'])
    expect(bodies).toEqual([
      {
        model: 'o9',
        input: 'Hello',
        instructions: 'Be brief.',
        stream: true,
        store: false,
        stream_options: { include_obfuscation: false },
        include: ['reasoning.encrypted_content'],
        max_output_tokens: 16,
        reasoning: { effort: 'low', summary: 'auto' },
      },
    ])
  })

  it('asks for no reasoning where the model is known to have none', async () => {
    const { bodies } = await run({ model: 'gpt-4' })
    expect(bodies[0]).not.toHaveProperty('reasoning')
    expect(bodies[0]).not.toHaveProperty('include')
  })

  it('sends tools and the form of the answer', async () => {
    const { bodies } = await run({
      tools: [{ name: 'add', description: 'Adds.', parameters: { type: 'object' } }, { name: 'now' }],
      toolChoice: { name: 'add' },
      parallelToolCalls: false,
      responseFormat: { type: 'json-schema', name: 'sum', schema: { type: 'object' }, strict: true },
    })
    expect(bodies[0]).toMatchObject({
      tools: [
        { type: 'function', name: 'add', description: 'Adds.', parameters: { type: 'object' }, strict: false },
        { type: 'function', name: 'now', parameters: { type: 'object', properties: {} }, strict: false },
      ],
      tool_choice: { type: 'function', name: 'add' },
      parallel_tool_calls: false,
      text: { format: { type: 'json_schema', name: 'sum', schema: { type: 'object' }, strict: true } },
    })
  })

  it('sends reasoning back with what OpenAI gave, if something follows it', async () => {
    const carry = { id: 'rs_1', encryptedContent: 'gAAA' }
    const { bodies } = await run({}, [
      USER,
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm', carry },
          { type: 'text', text: 'Wait.', carry: { phase: 'commentary' } },
          { type: 'reasoning', text: '', carry: { ...carry, id: 'rs_2' } },
          { type: 'tool-call', callId: 'c1', name: 'add', arguments: '' },
          { type: 'reasoning', text: 'unsigned' },
          { type: 'reasoning', text: 'cut', carry },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'c1', content: [{ type: 'text', text: '3' }] }] },
      USER,
    ])
    expect(bodies[0]).toMatchObject({
      input: [
        { role: 'user', content: 'Hello' },
        { type: 'reasoning', id: 'rs_1', encrypted_content: 'gAAA', summary: [{ type: 'summary_text', text: 'Hm' }] },
        { role: 'assistant', content: 'Wait.', phase: 'commentary' },
        { type: 'reasoning', id: 'rs_2', encrypted_content: 'gAAA', summary: [] },
        { type: 'function_call', call_id: 'c1', name: 'add', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c1', output: '3' },
        { role: 'user', content: 'Hello' },
      ],
    })
  })

  it('yields the carry of reasoning behind its text', async () => {
    const item = { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'gAAA' }
    vendor.respondWith((exchange) => {
      exchange.sendReasoning('Hm')
      exchange.sendRaw(responsesEvent('response.output_item.done', { output_index: 0, item }))
      exchange.sendToken('Hi')
      exchange.finish()
    })
    const provider = openAIProvider('responses', { baseUrl: vendor.url, apiKey: () => 'any' })
    const { signal } = new AbortController()
    const { pieces } = await drain(provider.complete('Hello', { model: 'o9', signal }))
    expect(pieces).toEqual([
      { type: 'reasoning', text: 'Hm' },
      { type: 'reasoning', text: '', carry: { id: 'rs_1', encryptedContent: 'gAAA' } },
      'Hi',
    ])
  })

  it.each([
    ['Your organization must be verified to generate reasoning summaries.', 'gives no summaries of its reasoning'],
    [
      "Unsupported parameter: 'reasoning.summary' is not supported with this model.",
      'gives no summaries of its reasoning',
    ],
    [
      'Encrypted content is not supported with this model.',
      'gives no encrypted reasoning: the next turn begins without it',
    ],
  ])('does without what a model does not give: %s', async (refusal, notice) => {
    const { bodies, fragments } = await run({ refusals: [refusal] })
    expect(fragments).toEqual(['Hi'])
    expect(bodies).toHaveLength(2)
    expect(onNotice.mock.calls).toEqual([[`openai: the model o9 ${notice}`]])
  })

  it("leaves the caller's parameters alone", async () => {
    const refusal = "Unsupported parameter: 'temperature' is not supported with this model."
    const { bodies, error } = await run({ temperature: 1, refusals: [refusal] })
    expect(bodies).toHaveLength(1)
    expect(error).toMatchObject({ code: 'provider-rejected', sentence: `openai: ${refusal}` })
  })
})

describe('openAIProvider by Chat Completions', () => {
  it.each<Partial<CompletionOptions>>([
    { stop: ['END'] },
    { seed: 7 },
    { presencePenalty: 1 },
    { frequencyPenalty: 1 },
    { maxTokens: 15 },
  ])('answers a job with %o, which Responses does not take', async (options) => {
    await using chat = await startOpenAIVendor()
    chat.respondWith((exchange) => {
      exchange.sendToken('Hi')
      exchange.finish()
    })
    const provider = openAIProvider('responses', { baseUrl: chat.url, apiKey: () => 'any' })
    const { signal } = new AbortController()
    expect((await drain(provider.complete('Hello', { model: 'm', signal, ...options }))).fragments).toEqual(['Hi'])
  })

  it('is the default at other addresses than those of OpenAI', () => {
    expect(apiAt('https://api.openai.com/v1')).toBe('responses')
    expect(apiAt('https://eu.api.openai.com/v1')).toBe('responses')
    expect(apiAt('https://acme.openai.azure.com/openai/v1')).toBe('chat')
    expect(apiAt('https://openai.com.example/v1')).toBe('chat')
    expect(apiAt('http://127.0.0.1:11434/v1')).toBe('chat')
    expect(apiAt()).toBe('responses')
  })
})
