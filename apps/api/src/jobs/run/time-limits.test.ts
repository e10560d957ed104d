import type { ProviderError } from '@promptlab/providers'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TimeLimitWatch } from './time-limits.ts'

const MINUTE = 60_000
const LIMITS = {
  firstTokenTimeoutMs: MINUTE,
  tokenIdleTimeoutMs: MINUTE / 2,
  contentTimeoutMs: 10 * MINUTE,
  jobTimeoutMs: 60 * MINUTE,
}

describe('TimeLimitWatch', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function newWatch() {
    const timeouts: ProviderError[] = []
    const watch = new TimeLimitWatch(LIMITS, (error) => timeouts.push(error))
    watch.callStarted((error) => timeouts.push(error))
    return { watch, timeouts }
  }

  /** Lets time pass, with an event every ten seconds. */
  function every10Seconds(ms: number, event: () => void): void {
    for (let passed = 0; passed < ms; passed += 10_000) {
      vi.advanceTimersByTime(10_000)
      event()
    }
  }

  it('lets a model think for 40 minutes while its thoughts come', () => {
    const { watch, timeouts } = newWatch()
    every10Seconds(40 * MINUTE, () => watch.contentCame())
    expect(timeouts).toEqual([])
    watch.stop()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('takes a sign of life for the end of silence, before the first content and behind it', () => {
    const { watch, timeouts } = newWatch()
    every10Seconds(9 * MINUTE, () => watch.lifeCame())
    watch.contentCame()
    every10Seconds(9 * MINUTE, () => watch.lifeCame())
    expect(timeouts).toEqual([])
    watch.stop()
  })

  it('ends a run whose vendor sends signs of life and no content', () => {
    const { watch, timeouts } = newWatch()
    every10Seconds(10 * MINUTE, () => watch.lifeCame())
    expect(timeouts.map(({ code, message }) => [code, message])).toEqual([
      ['provider-timeout', 'The provider sent no content within 600000 ms'],
    ])
    watch.stop()
  })

  it.each([
    ['before the first content', () => {}, MINUTE, 'The provider sent nothing within 60000 ms'],
    [
      'behind the first content',
      (watch: TimeLimitWatch) => watch.contentCame(),
      MINUTE / 2,
      'The provider sent nothing more within 30000 ms',
    ],
  ])('ends a run whose vendor is silent %s', (_, begin, ms, message) => {
    const { watch, timeouts } = newWatch()
    begin(watch)
    vi.advanceTimersByTime(ms - 1)
    expect(timeouts).toEqual([])
    vi.advanceTimersByTime(1)
    expect(timeouts[0]?.message).toBe(message)
    watch.stop()
  })

  it('counts no silence while the run itself holds the vendor back', () => {
    const { watch, timeouts } = newWatch()
    watch.contentCame()
    watch.pause()
    vi.advanceTimersByTime(20 * MINUTE)
    expect(timeouts).toEqual([])
    watch.resume()
    vi.advanceTimersByTime(MINUTE / 2)
    expect(timeouts).toHaveLength(1)
    watch.stop()
  })

  it('ends a run that takes longer than a job may', () => {
    const { watch, timeouts } = newWatch()
    every10Seconds(60 * MINUTE, () => watch.contentCame())
    expect(timeouts[0]?.message).toBe('The job was not complete within 3600000 ms')
    watch.stop()
  })
})
