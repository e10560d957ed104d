import { describe, expect, it } from 'vitest'
import { NO_SAMPLES, recentRate, withSample } from './token-samples.ts'

/** Ten minutes at 50 tokens a second. */
const samples = Array.from({ length: 30_000 }, (_, index) => ({ atMs: index * 20, tokens: index + 1 })).reduce(
  withSample,
  NO_SAMPLES,
)

describe('TokenSamples', () => {
  it('keep at most 240 evenly spaced samples of a long run, from its first token on', () => {
    expect(samples.all.length).toBeLessThanOrEqual(240)
    expect(samples.all.length).toBeGreaterThan(100)
    expect(samples.all[0]).toEqual({ atMs: 0, tokens: 1 })
    const gaps = samples.all.slice(1).map(({ atMs }, index) => atMs - (samples.all[index]?.atMs ?? 0))
    expect(new Set(gaps)).toEqual(new Set([samples.spacingMs]))
  })

  it('give the rate of the last two seconds', () => {
    expect(recentRate(samples)).toBeCloseTo(50)
    expect(samples.recent.length).toBe(21)
    expect(recentRate(NO_SAMPLES)).toBeUndefined()
  })

  it('stay the same object while there is nothing new to draw', () => {
    const one = withSample(NO_SAMPLES, { atMs: 500, tokens: 1 })
    expect(withSample(one, { atMs: 599, tokens: 2 })).toBe(one)
    expect(withSample(one, { atMs: 600, tokens: 3 })).not.toBe(one)
  })
})
