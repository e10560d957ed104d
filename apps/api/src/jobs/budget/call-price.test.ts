import { describe, expect, it } from 'vitest'
import { PriceTable } from '../../prices/price-table.ts'
import { affordableTokens, callPrice, priceOfCall } from './call-price.ts'

const AT = Date.parse('2026-11-27T00:00:00Z')
const OPENAI = { name: 'openai', baseUrl: 'https://api.openai.com/v1' }
const ANTHROPIC = { name: 'anthropic', baseUrl: 'https://api.anthropic.com' }
const OWN = {
  openai: {
    plain: { input: 1, output: 2 },
    thinker: { input: 1, output: 2, reasoning: 8 },
    cacher: { input: 4, output: 2, cacheWrite: 5, cachedInput: 0.4 },
    free: { input: 0, output: 0 },
    input: { input: 3, output: 0 },
  },
}
const prices = new PriceTable([OPENAI, ANTHROPIC], OWN)

const priceOf = (model: string, inputTokens = 1_000, provider = 'openai') =>
  callPrice({ provider, model }, inputTokens, AT, prices)

describe('callPrice', () => {
  it.each([
    ['plain', { input: 1_000_000, outputToken: 2_000 }],
    // The dearest kind of output and of input counts.
    ['thinker', { input: 1_000_000, outputToken: 8_000 }],
    ['cacher', { input: 5_000_000, outputToken: 2_000 }],
    ['free', { input: 0, outputToken: 0 }],
    ['input', { input: 3_000_000, outputToken: 0 }],
  ])('of %s is in billionths of a dollar', (model, price) => {
    expect(priceOf(model)).toEqual(price)
  })

  it('is that of a long input where the model has such', () => {
    const short = priceOf('gpt-6-astra', 1_000)
    const long = priceOf('gpt-6-astra', 400_000)
    expect(long?.outputToken).toBeGreaterThan(short?.outputToken ?? Number.NaN)
    expect(long?.input).toBeGreaterThan(400 * (short?.input ?? Number.NaN))
  })

  it('is nothing of a provider that calls no vendor, and undefined of a model that nobody knows', () => {
    expect(priceOf('any', 1_000, 'echo')).toEqual({ input: 0, outputToken: 0 })
    expect(callPrice({ provider: 'openai', model: 'x' }, 1, AT, undefined)).toEqual({ input: 0, outputToken: 0 })
    expect(priceOf('made-up')).toBeUndefined()
    expect(priceOf('__proto__')).toBeUndefined()
  })

  it('is at least what a call costs in the end, whatever its tokens are', () => {
    for (const [provider, model] of [
      ['openai', 'thinker'],
      ['openai', 'cacher'],
      ['openai', 'gpt-4o'],
      ['openai', 'gpt-6-astra'],
      ['anthropic', 'claude-sonnet-5'],
    ] as const) {
      for (const inputTokens of [1, 500, 50_000, 900_000]) {
        const price = priceOf(model, inputTokens, provider)
        const kinds = [
          {},
          { cachedInputTokens: inputTokens },
          { cacheWriteTokens: inputTokens },
          { reasoningTokens: 900 },
        ]
        for (const kind of kinds) {
          const usage = { inputTokens, outputTokens: 1_000, ...kind }
          const { usd = Number.NaN } = prices.costOf({ provider, model, usage, at: AT })
          const most = price ? priceOfCall(price, 1_000) : Number.NaN
          // Both are rounded to whole billionths.
          expect(Math.round(usd * 1e9), JSON.stringify([model, usage])).toBeLessThanOrEqual(most + 1)
        }
      }
    }
  })
})

describe('affordableTokens', () => {
  const price = { input: 100, outputToken: 2.5 }

  it.each([
    [99, -1],
    [100, 0],
    [102, 0],
    [103, 1],
    [200, 40],
  ])('of %i billionths are %i', (billionths, tokens) => {
    expect(affordableTokens(price, billionths)).toBe(tokens)
  })

  it('cost no more than the amount, and are without end if output costs nothing', () => {
    for (let billionths = 100; billionths < 1_000; billionths++)
      expect(priceOfCall(price, affordableTokens(price, billionths))).toBeLessThanOrEqual(billionths)
    expect(affordableTokens({ input: 5, outputToken: 0 }, 5)).toBe(Number.POSITIVE_INFINITY)
    expect(affordableTokens({ input: 5, outputToken: 0 }, 4)).toBe(-1)
  })
})
