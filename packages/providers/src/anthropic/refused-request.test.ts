import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { CompletionOptions } from '../llm-provider.ts'
import type { Message } from '../message.ts'
import { drain } from '../testing/drain.ts'
import { type LoopbackVendor, startAnthropicVendor } from '../testing/index.ts'
import { valueAt } from '../value-at.ts'
import { AnthropicProvider } from './anthropic-provider.ts'

const CONVERSATION: readonly Message[] = [
  { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
  {
    role: 'assistant',
    content: [
      { type: 'reasoning', text: 'Hm', carry: { type: 'thinking', signature: 'SIGNATURE' } },
      { type: 'text', text: 'Well.' },
    ],
  },
  { role: 'user', content: [{ type: 'text', text: 'And?' }] },
]

describe('a request that Anthropic refuses', () => {
  let vendor: LoopbackVendor
  let provider: AnthropicProvider
  const onNotice = vi.fn<(notice: string) => void>()
  let bodies: unknown[]

  beforeEach(async () => {
    bodies = []
    onNotice.mockClear()
    vendor = await startAnthropicVendor()
    provider = new AnthropicProvider({ baseUrl: vendor.url, apiKey: () => 'any', onNotice })
  })
  afterEach(() => vendor.close())

  /** Refuses the first requests with these words, and accepts the next. */
  function refuse(...messages: string[]): void {
    const left = [...messages]
    vendor.respondWith((exchange) => {
      bodies.push(exchange.body)
      const message = left.shift()
      if (message === undefined) exchange.finish()
      else exchange.fail(400, { message })
    })
  }

  function complete(options: Partial<CompletionOptions> = {}, prompt: string | readonly Message[] = 'Hi') {
    const { signal } = new AbortController()
    return drain(provider.complete(prompt, { model: 'claude-opus-5-5', signal, ...options }))
  }

  const sent = (...path: string[]) => bodies.map((body) => valueAt(body, ...path))

  it.each([
    ['max_tokens: 128000 > 64000, which is the maximum allowed number of output tokens for claude-opus-5-5', 64_000],
    ['max_tokens must be less than or equal to 8192', 8_192],
    ['`max_tokens` (128000) must be in [1, 16384]', 16_384],
  ])('because of a token limit that we chose is sent again with the limit of the model: %s', async (message, limit) => {
    refuse(message)
    expect((await complete()).error).toBeUndefined()
    await complete()
    expect(sent('max_tokens')).toEqual([128_000, limit, limit])
    expect(onNotice.mock.calls).toEqual([[`anthropic: the model claude-opus-5-5 takes max_tokens up to ${limit}`]])
  })

  it('because the prompt and the limit do not fit together is sent again with what is left, once', async () => {
    refuse('input length and `max_tokens` exceed context limit: 150000 + 128000 > 200000, decrease one of them')
    expect((await complete()).error).toBeUndefined()
    await complete()
    expect(sent('max_tokens')).toEqual([128_000, 50_000, 128_000])
    expect(onNotice).not.toHaveBeenCalled()
  })

  it.each(['max_tokens: 128000 > 64000, which is the maximum', 'max_tokens: must be 7 or more'])(
    'because of the limit of the caller fails: %s',
    async (message) => {
      refuse(message)
      const { error } = await complete({ maxTokens: 128_000 })
      expect(error).toMatchObject({ code: 'provider-rejected', sentence: `anthropic: ${message}` })
      expect(bodies).toHaveLength(1)
    },
  )

  it.each([
    'max_tokens: Field required by version 4.1',
    'input length and max_tokens exceed context limit: 200000 + 1 > 200000',
  ])('fails if there is no other limit to send: %s', async (message) => {
    refuse(message)
    expect((await complete()).error).toMatchObject({ code: 'provider-rejected' })
    expect(bodies).toHaveLength(1)
  })

  it('because it asks for thoughts is sent again without, and remembered', async () => {
    refuse('thinking.adaptive.display: Extra inputs are not permitted')
    expect((await complete()).error).toBeUndefined()
    await complete()
    expect(sent('thinking')).toEqual([{ type: 'adaptive', display: 'summarized' }, undefined, undefined])
    expect(onNotice).toHaveBeenCalledTimes(1)
  })

  it('because of the reasoning that the caller asked for fails', async () => {
    refuse('"thinking.type.adaptive" is not supported for this model.')
    expect((await complete({ reasoning: { effort: 'high' } })).error).toMatchObject({ code: 'provider-rejected' })
    expect(bodies).toHaveLength(1)
  })

  it.each([
    'messages.1.content.0: Invalid `signature` in `thinking` block',
    'messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.',
  ])('because of thinking of an earlier turn is sent again without it: %s', async (message) => {
    refuse(message)
    expect((await complete({ reasoning: { effort: 'low' } }, CONVERSATION)).error).toBeUndefined()
    expect(bodies.map((body) => JSON.stringify(body).includes('SIGNATURE'))).toEqual([true, false])
    expect(onNotice).not.toHaveBeenCalled()
  })

  it('for three reasons is sent four times, and no fifth time', async () => {
    const reasons = ['Invalid signature in thinking block', 'thinking: no', 'max_tokens: 128000 > 64000']
    refuse(...reasons)
    expect((await complete({}, CONVERSATION)).error).toBeUndefined()
    expect(bodies).toHaveLength(4)
    refuse('max_tokens: up to 9999', 'max_tokens: up to 999', 'max_tokens: up to 888', 'max_tokens: up to 777')
    expect((await complete()).error).toMatchObject({ code: 'provider-rejected' })
    expect(bodies).toHaveLength(8)
  })

  it('because nothing is served at its address is told to the operator once', async () => {
    vendor.respondWith((exchange) => exchange.respond(404, 'not here'))
    for (let count = 0; count < 2; count += 1) await complete()
    const notice = `anthropic: ${vendor.url}/v1/messages answered 404; the base URL may be wrong`
    expect(onNotice.mock.calls).toEqual([[notice]])
  })
})
