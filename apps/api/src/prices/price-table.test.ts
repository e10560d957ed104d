import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { PriceTable } from './price-table.ts'

const OPENAI = { name: 'openai', baseUrl: 'https://api.openai.com/v1' }
const ANTHROPIC = { name: 'anthropic', baseUrl: 'https://api.anthropic.com' }
const LOCAL = { name: 'ollama', baseUrl: 'http://127.0.0.1:11434/v1' }
const AT = Date.parse('2026-11-27T00:00:00Z')

const TOKENS = { inputTokens: 1_000, outputTokens: 100 }

function costOf(
  provider: string,
  model: string,
  usage: object = {},
  prices?: ConstructorParameters<typeof PriceTable>[1],
) {
  const table = new PriceTable([OPENAI, ANTHROPIC, LOCAL], prices)
  return table.costOf({ provider, model, usage: { ...TOKENS, ...usage }, at: AT })
}

describe('the table of list prices', () => {
  const isRead = () => Object.keys(createRequire(import.meta.url).cache).some((path) => path.includes('genai-prices'))

  // The first test of this file: a table that was read stays in memory.
  it('is not read until a call of a vendor on the internet is priced', () => {
    const table = new PriceTable([OPENAI, LOCAL], { openai: { 'my-model': { input: 1, output: 2 } } })
    table.prepare('ollama')
    table.prepare('no-such-provider')
    expect(table.isBilled('openai')).toBe(true)
    expect(table.costOf({ provider: 'ollama', model: 'llama', usage: TOKENS, at: AT })).toEqual({ priced: 'unknown' })
    expect(table.costOf({ provider: 'openai', model: 'my-model', usage: TOKENS, at: AT })).toMatchObject({
      usd: 0.0012,
    })
    expect(isRead()).toBe(false)
    expect(table.costOf({ provider: 'openai', model: 'gpt-4', usage: TOKENS, at: AT })).toMatchObject({ usd: 0.036 })
    expect(isRead()).toBe(true)
  })
})

describe('the prices of a model', () => {
  it('are exact if the table names the model, or another name of it', () => {
    expect(costOf('openai', 'gpt-4')).toEqual({ usd: 0.036, priced: 'exact' })
    expect(costOf('openai', 'gpt-4-0613')).toEqual({ usd: 0.036, priced: 'exact' })
    expect(costOf('anthropic', 'claude-sonnet-5')).toMatchObject({ priced: 'exact' })
  })

  it('are estimated if the name only begins like that of a model', () => {
    const { usd } = costOf('anthropic', 'claude-sonnet-5')
    expect(costOf('anthropic', 'claude-sonnet-5-5')).toEqual({ usd, priced: 'estimated' })
  })

  it('are unknown, and not 0, for other models, other servers and models without a price for text', () => {
    for (const [provider, model] of [
      ['openai', 'no-such-model'],
      ['openai', 'text-embedding-3-small'],
      ['openai', '__proto__'],
      ['openai', ''],
      ['ollama', 'gpt-4'],
      ['elsewhere', 'gpt-4'],
    ] as const) {
      expect(costOf(provider, model), model).toEqual({ priced: 'unknown' })
    }
  })

  it('tell cached tokens, tokens written into a cache and others apart', () => {
    const fresh = costOf('anthropic', 'claude-sonnet-5').usd ?? 0
    const read = costOf('anthropic', 'claude-sonnet-5', { cachedInputTokens: 900 }).usd ?? 0
    const written = costOf('anthropic', 'claude-sonnet-5', { cacheWriteTokens: 900 }).usd ?? 0
    expect(read).toBeLessThan(fresh)
    expect(written).toBeGreaterThan(fresh)
  })

  it('count reasoning once, as it is among the output', () => {
    const usage = { reasoningTokens: 50 }
    expect(costOf('openai', 'gpt-6-astra', usage)).toEqual(costOf('openai', 'gpt-6-astra'))
  })

  it('are those of a long input where the model has such', () => {
    const short = costOf('openai', 'gpt-6-astra', { inputTokens: 200_000 }).usd ?? 0
    expect(costOf('openai', 'gpt-6-astra', { inputTokens: 400_000 }).usd).toBeGreaterThan(short * 3)
  })

  it('are estimated when the cached tokens are more than the input', () => {
    const all = costOf('openai', 'gpt-4o', { inputTokens: 5_000, cachedInputTokens: 5_000 })
    expect(costOf('openai', 'gpt-4o', { cachedInputTokens: 5_000 })).toEqual({ usd: all.usd, priced: 'estimated' })
    const both = { cachedInputTokens: 800, cacheWriteTokens: 700 }
    expect(costOf('anthropic', 'claude-sonnet-5', both)).toMatchObject({ priced: 'estimated' })
  })

  it('are in whole billionths of a dollar, however many tokens there are', () => {
    for (const inputTokens of [1, 3, 7, 1_234_567, 1e12]) {
      const { usd = Number.NaN } = costOf('openai', 'gpt-4o', { inputTokens })
      expect(usd).toBe(Math.round(usd * 1e9) / 1e9)
    }
  })

  it('can be asked for any number of models', () => {
    const table = new PriceTable([OPENAI])
    for (let index = 0; index < 2_500; index++) {
      const cost = table.costOf({ provider: 'openai', model: `made-up-${index}`, usage: TOKENS, at: AT })
      expect(cost).toEqual({ priced: 'unknown' })
    }
    expect(table.costOf({ provider: 'openai', model: 'gpt-4', usage: TOKENS, at: AT })).toMatchObject({ usd: 0.036 })
  })
})

describe('the prices of the operator', () => {
  const prices = {
    openai: { 'gpt-4': { input: 1, output: 2 }, 'no-such-model': { input: 0.5, output: 1, reasoning: 3 } },
    ollama: { '*': { input: 0, output: 0 }, big: { input: 4, output: 8, cachedInput: 1, cacheWrite: 5 } },
  }

  it('go before those of the table, and are exact', () => {
    expect(costOf('openai', 'gpt-4', {}, prices)).toEqual({ usd: 0.0012, priced: 'exact' })
    expect(costOf('openai', 'no-such-model', {}, prices)).toEqual({ usd: 0.0006, priced: 'exact' })
    expect(costOf('openai', 'gpt-4o', {}, prices)).toEqual(costOf('openai', 'gpt-4o'))
  })

  it('may be for every model of a provider, also if it costs nothing', () => {
    expect(costOf('ollama', 'llama', {}, prices)).toEqual({ usd: 0, priced: 'exact' })
    expect(costOf('ollama', '__proto__', {}, prices)).toEqual({ usd: 0, priced: 'exact' })
    expect(costOf('ollama', 'big', {}, prices)).toEqual({ usd: 0.0048, priced: 'exact' })
  })

  it('tell all kinds of tokens apart, and never give a negative amount', () => {
    const usage = { cachedInputTokens: 600, cacheWriteTokens: 100 }
    expect(costOf('ollama', 'big', usage, prices)).toEqual({ usd: (300 * 4 + 600 + 500 + 800) / 1e6, priced: 'exact' })
    expect(costOf('openai', 'no-such-model', { reasoningTokens: 40 }, prices).usd).toBeCloseTo(0.00068, 9)
    const beyond = { cachedInputTokens: 1_000, cacheWriteTokens: 1_000 }
    expect(costOf('ollama', 'big', beyond, prices)).toEqual({ usd: 0.0068, priced: 'exact' })
  })
})
