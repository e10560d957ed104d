import type { Delivery } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import type { AttemptOutcome } from '../ports/webhooks.ts'
import { afterAttempt, isDue } from './after-attempt.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const HOUR_MS = 3_600_000
const NEW: Delivery = { id: 'msg_1', to: 'job', status: 'waiting', attempts: [] }

const attempted = (delivery: Delivery, outcome: AttemptOutcome, now = NOW, random = 0.5) =>
  afterAttempt(delivery, { at: new Date(now).toISOString(), durationMs: 3, outcome }, now, random)

function waitOf({ nextAttemptAt }: Delivery, now = NOW): number {
  return nextAttemptAt === undefined ? Number.NaN : Date.parse(nextAttemptAt) - now
}

describe('afterAttempt', () => {
  it.each([200, 202, 204, 299])('takes %d as delivered', (status) => {
    const { nextAttemptAt, ...delivery } = attempted(NEW, { status })
    expect(nextAttemptAt).toBeUndefined()
    expect(delivery).toMatchObject({ status: 'delivered', attempts: [{ durationMs: 3, status }] })
  })

  it('makes no further attempt after 410', () => {
    expect(attempted(NEW, { status: 410 })).toMatchObject({ status: 'refused', attempts: [{ status: 410 }] })
  })

  it.each<AttemptOutcome>([
    { status: 101 },
    { status: 301 },
    { status: 307 },
    { status: 400 },
    { status: 404 },
    { status: 500 },
    { error: 'timeout' },
    { error: 'unreachable' },
    { error: 'address-not-allowed' },
    { error: 'host-not-allowed' },
  ])('waits for the next attempt after %o', (outcome) => {
    expect(attempted(NEW, outcome)).toMatchObject({ status: 'waiting', attempts: [outcome] })
    expect(waitOf(attempted(NEW, outcome))).toBe(5_000)
  })

  it('makes nine attempts in about a day, and gives up then', () => {
    let [delivery, now] = [NEW, NOW]
    const waits: number[] = []
    while (delivery.status === 'waiting') {
      delivery = attempted(delivery, { status: 500 }, now)
      if (delivery.status !== 'waiting') break
      expect(isDue(delivery, Date.parse(delivery.nextAttemptAt ?? '') - 1)).toBe(false)
      waits.push(waitOf(delivery, now))
      now += waitOf(delivery, now)
      expect(isDue(delivery, now)).toBe(true)
    }
    expect(waits.map((wait) => wait / 1000)).toEqual([5, 30, 300, 1_800, 7_200, 14_400, 28_800, 32_400])
    expect((now - NOW) / HOUR_MS).toBeCloseTo(23.6, 1)
    expect(delivery).toMatchObject({ status: 'given-up' })
    expect(delivery).not.toHaveProperty('nextAttemptAt')
    expect(delivery.attempts).toHaveLength(9)
  })

  it('has jitter of a tenth', () => {
    expect([0, 0.5, 1].map((random) => waitOf(attempted(NEW, { status: 500 }, NOW, random)))).toEqual([
      4_500, 5_000, 5_500,
    ])
  })

  it('waits as long as it is asked to, up to an hour, and not shorter than else', () => {
    const waits = [0, 1_000, 60_000, HOUR_MS, 100 * HOUR_MS].map((retryAfterMs) =>
      waitOf(attempted(NEW, { status: 503, retryAfterMs })),
    )
    expect(waits).toEqual([5_000, 5_000, 60_000, HOUR_MS, HOUR_MS])
  })
})
