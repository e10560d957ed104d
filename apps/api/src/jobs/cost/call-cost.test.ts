import { describe, expect, it } from 'vitest'
import { PriceTable } from '../../prices/price-table.ts'
import { costOfCall } from './call-cost.ts'

const AT = Date.parse('2026-11-27T00:00:00Z')
/** A dollar a token of input, two dollars a token of output. */
const prices = new PriceTable([{ name: 'openai', baseUrl: undefined }], {
  openai: { own: { input: 1_000_000, output: 2_000_000 } },
})
const CALL = {
  job: { provider: 'openai', model: 'own' },
  input: 'abcdefgh',
  endedBecause: 'completed' as const,
  at: AT,
  answer: { pieceCount: 3, length: 3 },
}

describe('costOfCall', () => {
  it('is at the tokens that the vendor counted', () => {
    const summary = { usage: { inputTokens: 10, outputTokens: 5 } }
    expect(costOfCall({ ...CALL, summary }, prices)).toEqual({ usd: 20, priced: 'exact' })
    const silent = {
      ...CALL,
      answer: { pieceCount: 0, length: 0 },
      summary: { usage: { inputTokens: 10, outputTokens: 0 } },
    }
    expect(costOfCall(silent, prices)).toEqual({ usd: 10, priced: 'exact' })
  })

  it.each([
    { inputTokens: 0, outputTokens: 0 },
    { inputTokens: 10, outputTokens: 0 },
  ])('is estimated for a vendor that reports %j for an answer', (usage) => {
    expect(costOfCall({ ...CALL, summary: { usage } }, prices)).toEqual({ usd: 2 + 6, priced: 'estimated' })
  })

  it('has an end, so that sums of costs are whole numbers', () => {
    const summary = { usage: { inputTokens: 1_000_000_000, outputTokens: 1_000_000_000 } }
    expect(costOfCall({ ...CALL, summary }, prices)).toEqual({ usd: 1_000_000, priced: 'exact' })
  })
})
