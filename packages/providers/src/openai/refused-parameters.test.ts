import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { drain } from '../testing/drain.ts'
import { type LoopbackVendor, startOpenAIVendor } from '../testing/index.ts'
import { valueAt } from '../value-at.ts'
import { OpenAIProvider } from './openai-provider.ts'

const refusal = (message: string, fields: object = {}) => ({ error: { message, ...fields } })
const NO_STREAM_OPTIONS = refusal("Unrecognized request argument supplied: 'stream_options'")
const NO_MAX_TOKENS = refusal(
  "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
  { code: 'unsupported_parameter', param: 'max_tokens' },
)

describe('a parameter that a server refuses', () => {
  let vendor: LoopbackVendor
  let provider: OpenAIProvider
  const onNotice = vi.fn<(notice: string) => void>()

  beforeEach(async () => {
    vendor = await startOpenAIVendor()
    onNotice.mockClear()
    provider = new OpenAIProvider({ baseUrl: vendor.url, apiKey: () => 'any', onNotice })
  })
  afterEach(() => vendor.close())

  /** Completes a prompt; the vendor gives these answers, then a good one. */
  async function run(
    answers: readonly (readonly [number, unknown])[],
    options: { model?: string; maxTokens?: number } = {},
  ) {
    const bodies: unknown[] = []
    const { signal } = new AbortController()
    vendor.respondWith((exchange) => {
      const answer = answers[bodies.push(exchange.body) - 1]
      if (answer) return exchange.respond(...answer)
      exchange.sendToken('Hi')
      exchange.finish()
    })
    const drained = await drain(provider.complete('Hello', { model: 'm', signal, ...options }))
    return { ...drained, bodies }
  }

  it('is left out from then on, for this model, and said once', async () => {
    const first = await run([[400, NO_STREAM_OPTIONS]])
    expect(first.fragments).toEqual(['Hi'])
    expect(first.bodies.map((body) => valueAt(body, 'stream_options'))).toEqual([{ include_usage: true }, undefined])
    const second = await run([])
    expect(second.bodies.map((body) => valueAt(body, 'stream_options'))).toEqual([undefined])
    expect(onNotice.mock.calls).toEqual([
      ['openai: the model m does not take stream_options: usage may be missing in its answers'],
    ])
    const other = await run([], { model: 'other' })
    expect(valueAt(other.bodies[0], 'stream_options')).toEqual({ include_usage: true })
  })

  it.each([
    [400, NO_MAX_TOKENS],
    [
      422,
      { detail: [{ type: 'extra_forbidden', loc: ['body', 'max_tokens'], msg: 'Extra inputs are not permitted' }] },
    ],
  ])('is sent under its other name after a %i', async (status, body) => {
    const { bodies, fragments } = await run([[status, body]], { maxTokens: 9 })
    expect(fragments).toEqual(['Hi'])
    expect(bodies).toMatchObject([{ max_tokens: 9 }, { max_completion_tokens: 9 }])
    expect(bodies[1]).not.toHaveProperty('max_tokens')
    expect(onNotice).toHaveBeenCalledExactlyOnceWith(
      'openai: the model m takes max_completion_tokens in place of max_tokens',
    )
  })

  it('may be one of two', async () => {
    const { bodies, fragments } = await run(
      [
        [400, NO_STREAM_OPTIONS],
        [400, NO_MAX_TOKENS],
      ],
      { maxTokens: 9 },
    )
    expect(fragments).toEqual(['Hi'])
    expect(bodies).toHaveLength(3)
    expect(onNotice).toHaveBeenCalledTimes(2)
  })

  it.each<[string, number, unknown]>([
    ["is the caller's", 400, refusal("Unsupported parameter: 'temperature' is not supported with this model.")],
    [
      'has a value that is out of range',
      400,
      refusal('max_tokens is too large: this model does not support more than 4096'),
    ],
    ['was not sent', 400, refusal("Unsupported parameter: 'max_completion_tokens'")],
    ['is refused with another status', 500, NO_MAX_TOKENS],
  ])('is not sent again if it %s', async (_, status, body) => {
    const { bodies, error } = await run([[status, body]], { maxTokens: 9 })
    expect(bodies).toHaveLength(1)
    expect(error).toMatchObject({ status })
    expect(onNotice).not.toHaveBeenCalled()
  })

  it('is not remembered if the second request is refused too', async () => {
    const toggled = refusal("Unknown parameter: 'max_completion_tokens'")
    const { bodies, error } = await run(
      [
        [400, NO_MAX_TOKENS],
        [400, toggled],
        [400, NO_MAX_TOKENS],
      ],
      { maxTokens: 9 },
    )
    expect(bodies).toHaveLength(3)
    expect(error).toMatchObject({ code: 'provider-rejected' })
    expect(onNotice).not.toHaveBeenCalled()
  })

  it('is not looked for in an address that is wrong, which is said once', async () => {
    for (let count = 0; count < 2; count += 1) await run([[404, 'not here']])
    expect(onNotice).toHaveBeenCalledExactlyOnceWith(
      `openai: ${vendor.url}/chat/completions answered 404; the base URL may be wrong`,
    )
  })
})
