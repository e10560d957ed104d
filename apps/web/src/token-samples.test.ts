import { describe, expect, it } from 'vitest'
import { NO_SAMPLES, recentRate, withSample } from './token-samples.ts'

/** Ten minutes of 50 tokens a second. */
const samples = Array.from({ length: 30_000 }, (_, place) => ({ atMs: place * 20, tokens: place + 1 })).reduce(
  withSample,
  NO_SAMPLES,
)

describe('samples of tokens', () => {
  it('are few however long a run is, and evenly spaced from its first token on', () => {
    expect(samples.all.length).toBeLessThanOrEqual(240)
    expect(samples.all.length).toBeGreaterThan(100)
    expect(samples.all[0]).toEqual({ atMs: 0, tokens: 1 })
    const gaps = samples.all.slice(1).map(({ atMs }, place) => atMs - (samples.all[place]?.atMs ?? 0))
    expect(new Set(gaps)).toEqual(new Set([samples.spacingMs]))
  })

  it('tell the rate of the last two seconds', () => {
    expect(recentRate(samples)).toBeCloseTo(50)
    expect(samples.recent.length).toBe(21)
    expect(recentRate(NO_SAMPLES)).toBeUndefined()
  })

  it('stay the same object as long as there is nothing new to draw', () => {
    const one = withSample(NO_SAMPLES, { atMs: 500, tokens: 1 })
    expect(withSample(one, { atMs: 599, tokens: 2 })).toBe(one)
    expect(withSample(one, { atMs: 600, tokens: 3 })).not.toBe(one)
  })
})
