import { describe, expect, it } from 'vitest'
import { ReceiverSlots } from './receiver-slots.ts'

const LIMITS = { inAll: 6, perHost: 2, perCaller: 3 }

describe('ReceiverSlots', () => {
  it('give a host no more than its share, and other hosts theirs', () => {
    const slots = new ReceiverSlots(LIMITS)
    const slow = { host: 'slow' }
    expect([slots.take(slow), slots.take(slow), slots.take(slow)]).toEqual([true, true, false])
    expect(slots.take({ host: 'fast' })).toBe(true)
    slots.release(slow)
    expect(slots.take(slow)).toBe(true)
  })

  it('give a caller no more than its share, however many hosts it names', () => {
    const slots = new ReceiverSlots(LIMITS)
    const ofAnn = (host: string) => slots.take({ host, caller: 'ann' })
    expect(['a', 'b', 'c', 'd'].map(ofAnn)).toEqual([true, true, true, false])
    expect(slots.take({ host: 'd', caller: 'bob' })).toBe(true)
    slots.release({ host: 'a', caller: 'ann' })
    expect(ofAnn('d')).toBe(true)
  })

  it('are full when all are taken', () => {
    const slots = new ReceiverSlots(LIMITS)
    for (const host of ['a', 'a', 'b', 'b', 'c']) slots.take({ host })
    expect(slots.isFull).toBe(false)
    expect(slots.take({ host: 'c' })).toBe(true)
    expect(slots.isFull).toBe(true)
    expect(slots.take({ host: 'd' })).toBe(false)
  })

  it('give turns one after the other, as fast as the host was lately, and at most ten minutes away', () => {
    const slots = new ReceiverSlots(LIMITS)
    const slow = { host: 'slow' }
    slots.take(slow)
    slots.take(slow)
    for (let attempt = 0; attempt < 100; attempt++) {
      slots.release(slow, 10_000)
      slots.take(slow)
    }
    slots.release(slow, 9_000)
    slots.take(slow)
    const turns = Array.from({ length: 1_000 }, () => slots.nextTurn(slow, 1_000_000) - 1_000_000)
    expect(turns.slice(0, 3)).toEqual([4_901, 9_802, 14_703])
    expect(turns.at(-1)).toBe(600_000)
    expect(slots.nextTurn({ host: 'other' }, 1_000_000)).toBe(1_000_100)
  })
})
