import type { JobMetrics } from '@promptlab/client'
import { describe, expect, it } from 'vitest'
import type { CellJob } from './cells.ts'
import { figuresOf, median, percentile } from './statistics.ts'

function job(status: CellJob['status'], metrics?: Partial<JobMetrics>): CellJob {
  const measured = { durationMs: 100, tokenCount: 3, ttftMs: 1, queuedMs: 0, attempts: 1, ...metrics }
  return {
    id: 'a',
    status,
    provider: 'echo',
    model: 'one',
    createdAt: '',
    metadata: undefined,
    metrics: metrics && measured,
    error: undefined,
  }
}

describe('figures of a column', () => {
  it('are the median and the 95th percentile of jobs that completed, and sums of all', () => {
    const jobs = [
      job('completed', { durationMs: 100, cost: { usd: 0.5, priced: 'exact' } }),
      job('completed', { durationMs: 300, usage: { inputTokens: 1, outputTokens: 40 } }),
      job('failed', { durationMs: 9000, cost: { usd: 0.25, priced: 'estimated' } }),
      job('pending'),
    ]
    expect(figuresOf(jobs)).toEqual({
      medianMs: 200,
      p95Ms: 300,
      tokens: 46,
      cost: 'about $0.750',
      ended: 3,
      failed: 1,
    })
  })

  it('never take an unknown cost for 0', () => {
    const unknown = job('completed', { cost: { priced: 'unknown' } })
    expect(figuresOf([unknown]).cost).toBe('unknown')
    expect(figuresOf([unknown, job('completed', { cost: { usd: 2, priced: 'exact' } })]).cost).toBe(
      '$2.00 and 1 unknown',
    )
    expect(figuresOf([job('pending')]).cost).toBeUndefined()
  })

  it('say nothing of no numbers', () => {
    expect([median([]), percentile([], 95)]).toEqual([undefined, undefined])
    expect([median([3, 1, 2]), percentile([5], 95)]).toEqual([2, 5])
    expect(
      percentile(
        Array.from({ length: 100 }, (_, index) => index + 1),
        95,
      ),
    ).toBe(95)
  })
})
