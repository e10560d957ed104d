import { describe, expect, it } from 'vitest'
import { callerShare, providerShare } from './shares.ts'

describe('providerShare', () => {
  it.each([
    [64, 0, 64],
    [64, 1, 64],
    [64, 2, 63],
    [64, 3, 31],
    [2, 3, 1],
    [1, 2, 1],
  ])('of %i slots, with %i configured providers, is %i', (slots, providers, share) => {
    expect(providerShare(slots, providers)).toBe(share)
  })

  it('leaves a slot while all other providers are stuck, and no larger share does', () => {
    for (let providers = 2; providers <= 10; providers++) {
      for (let slots = providers; slots <= 100; slots++) {
        const share = providerShare(slots, providers)
        expect(share * (providers - 1)).toBeLessThan(slots)
        expect((share + 1) * (providers - 1)).toBeGreaterThanOrEqual(slots)
      }
    }
  })
})

describe('callerShare', () => {
  it.each([
    [64, 0, 64],
    [64, 1, 64],
    [64, 2, 32],
    [5, 3, 3],
    [1, 2, 1],
  ])('of %i slots, with %i callers, is %i', (slots, callers, share) => {
    expect(callerShare(slots, callers)).toBe(share)
  })
})
