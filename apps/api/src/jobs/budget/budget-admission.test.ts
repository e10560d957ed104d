import { describe, expect, it } from 'vitest'
import { PriceTable } from '../../prices/price-table.ts'
import type { JobRequest } from '../job.ts'
import { checkAffordable } from './budget-admission.ts'
import { Budgets } from './budgets.ts'

/** A dollar a thousand tokens of input, two dollars a thousand of output. */
const PRICES = {
  openai: {
    own: { input: 1_000, output: 2_000 },
    dear: { input: 10_000, output: 20_000 },
    free: { input: 0, output: 0 },
  },
}
const deps = {
  prices: new PriceTable([{ name: 'openai', baseUrl: 'http://127.0.0.1:1' }], PRICES),
  budgets: new Budgets(new Map([['ann', { dayUsd: 10, jobUsd: 0.5 }]])),
  clock: { now: () => Date.parse('2026-11-27T10:00:00Z') },
}
/** Ten tokens at most: 4 bytes, and one message. */
const REQUEST: JobRequest = { provider: 'openai', model: 'own', prompt: 'Hey!' }
const DEAR = { provider: 'openai', model: 'dear' }
const ECHO = { provider: 'echo', model: 'echo' }
const UNPRICED = { provider: 'openai', model: 'made-up' }

function check(
  asked: Partial<JobRequest>,
  { caller = 'ann', named = true }: { caller?: string; named?: boolean } = {},
) {
  return checkAffordable({ request: { ...REQUEST, ...asked }, chain: [], caller, hasOwnFallbacks: named }, deps)
}

const reservedUsd = (asked: Partial<JobRequest>) => (check(asked).reservation?.reserved ?? 0) / 1e9

describe('checkAffordable', () => {
  it.each<[string, Partial<JobRequest>, number]>([
    ['names no limit: jobUsd', {}, 0.5],
    ['names maxCostUsd', { maxCostUsd: 0.2 }, 0.2],
    ['names a large maxCostUsd', { maxCostUsd: 3 }, 3],
    // The options are 8 tokens of the input: {"maxTokens":20} has 16 bytes.
    ['names maxTokens: the input, and 1.5 times the output', { options: { maxTokens: 20 } }, 0.018 + 0.06],
    ['names both: the smaller', { options: { maxTokens: 20 }, maxCostUsd: 0.05 }, 0.05],
    ['names both: the other', { options: { maxTokens: 20 }, maxCostUsd: 5 }, 0.078],
    ['may pass to a dearer fallback', { options: { maxTokens: 20 }, fallbacks: [DEAR] }, 0.78],
    ['may pass to a free fallback', { fallbacks: [ECHO] }, 0.5],
    ['is free, and passes to one that is not', { ...ECHO, fallbacks: [{ provider: 'openai', model: 'own' }] }, 0.5],
    ['is free', ECHO, 0],
    ['has a price of 0', { model: 'free' }, 0],
    ['has a price of 0 and a limit', { model: 'free', options: { maxTokens: 5 }, maxCostUsd: 1 }, 0],
  ])('reserves for a job that %s', (_, asked, usd) => {
    expect(reservedUsd(asked)).toBeCloseTo(usd, 9)
  })

  it('reserves nothing for callers without a budget, and leaves their requests alone without maxCostUsd', () => {
    expect(check({ maxCostUsd: 1 }, { caller: 'bob' }).reservation).toBeUndefined()
    expect(check({ ...UNPRICED }, { caller: 'bob' })).toEqual({ request: { ...REQUEST, ...UNPRICED } })
  })

  it('refuses a model without a price, and names each fallback of the caller that has none', () => {
    expect(() => check(UNPRICED)).toThrow(expect.objectContaining({ code: 'unpriced-model' }))
    expect(() => check({ ...UNPRICED, maxCostUsd: 1 }, { caller: 'bob' })).toThrow('PRICES_FILE')
    const faults = [expect.objectContaining({ path: 'fallbacks[1]' })]
    expect(() => check({ fallbacks: [ECHO, UNPRICED] })).toThrow(expect.objectContaining({ faults }))
  })

  it("leaves out the operator's fallbacks that have no price or are too dear", () => {
    const fallbacks = [UNPRICED, ECHO, DEAR]
    const { request } = check({ fallbacks, maxCostUsd: 0.1 }, { named: false })
    expect(request.fallbacks).toEqual([ECHO])
    const alone = check({ fallbacks: [UNPRICED] }, { named: false })
    expect('fallbacks' in alone.request).toBe(false)
  })

  it('refuses a job whose input alone costs more than it may, and a fallback of its caller for which that is so', () => {
    const dear = { code: 'budget-exceeded' }
    expect(() => check({ maxCostUsd: 0.011 })).toThrow(expect.objectContaining(dear))
    expect(check({ maxCostUsd: 0.012 }).reservation?.reserved).toBe(12_000_000)
    expect(() => check({ maxCostUsd: 0.1, fallbacks: [DEAR] })).toThrow('with openai/dear, more than maxCostUsd')
    expect(() => check({ prompt: 'x'.repeat(2_000) })).toThrow(
      'more than the $0.5 that a job of yours may cost without a limit of its own. Set maxCostUsd',
    )
  })
})
