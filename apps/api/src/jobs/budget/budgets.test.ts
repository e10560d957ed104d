import { describe, expect, it } from 'vitest'
import { Budgets, EVERY_OTHER } from './budgets.ts'

const BUDGETS = new Budgets(
  new Map([
    ['ann', { dayUsd: 1, monthUsd: 20 }],
    ['bob', { monthUsd: 5, jobUsd: 2 }],
    [EVERY_OTHER, { dayUsd: 0.1 }],
  ]),
)

describe('Budgets', () => {
  it.each([
    ['2026-11-27T23:59:59.999Z', '2026-11-27', '2026-11-01', '2026-11-30'],
    ['2026-11-28T00:00:00.000Z', '2026-11-28', '2026-11-01', '2026-11-30'],
    ['2026-12-31T23:59:59.999Z', '2026-12-31', '2026-12-01', '2026-12-31'],
    ['2027-01-01T00:00:00.000Z', '2027-01-01', '2027-01-01', '2027-01-31'],
    ['2028-02-29T12:00:00.000Z', '2028-02-29', '2028-02-01', '2028-02-29'],
  ])('begin anew at midnight in UTC: %s', (time, day, from, to) => {
    expect(BUDGETS.of('ann', Date.parse(time))?.limits).toEqual([
      { period: 'day', from: day, to: day, billionths: 1_000_000_000 },
      { period: 'month', from, to, billionths: 20_000_000_000 },
    ])
  })

  it('are those of a caller, or of every other; without a name there is none', () => {
    expect(BUDGETS.of('bob', 0)?.limits).toHaveLength(1)
    expect(BUDGETS.of('cid', 0)).toMatchObject({ owner: 'cid', limits: [{ period: 'day', billionths: 100_000_000 }] })
    expect(BUDGETS.of(undefined, 0)).toBeUndefined()
    expect(new Budgets(new Map()).of('ann', 0)).toBeUndefined()
  })

  it('give a job its share: as set, or a tenth of the smaller limit', () => {
    expect(BUDGETS.jobShareOf('ann')).toBe(100_000_000)
    expect(BUDGETS.jobShareOf('bob')).toBe(2_000_000_000)
    expect(BUDGETS.jobShareOf(undefined)).toBeUndefined()
  })
})
