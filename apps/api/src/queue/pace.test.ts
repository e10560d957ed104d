import { describe, expect, it } from 'vitest'
import { Pace } from './pace.ts'

/** A vendor: whether it takes a call, and for how long it tells others to wait. */
interface SimulatedVendor {
  takes(now: number): boolean
  waitMs(now: number): number | undefined
}

const bucket = (perSecond: number, size: number, told?: number): SimulatedVendor => {
  let [tokens, at] = [size, 0]
  return {
    takes(now) {
      tokens = Math.min(size, tokens + ((now - at) * perSecond) / 1_000)
      at = now
      if (tokens < 1) return false
      tokens--
      return true
    },
    waitMs: () => told,
  }
}

const windows = (calls: number, windowMs: number, tells: boolean): SimulatedVendor => {
  let [window, taken] = [-1, 0]
  return {
    takes(now) {
      const current = Math.floor(now / windowMs)
      if (current !== window) [window, taken] = [current, 0]
      return ++taken <= calls
    },
    waitMs: (now) => (tells ? windowMs - (now % windowMs) : undefined),
  }
}

/** What a vendor tells behind a call that it took. Less than 0 remain if it had to refuse the call. */
interface Told {
  readonly remaining: number
  readonly resetMs: number
  readonly limit?: number
}

/** A vendor whose bucket holds so many requests, and gets one in each step. */
const tellingBucket = (stepMs: number, limit: number) => {
  let [fill, at] = [limit, 0]
  return (now: number): Told => {
    fill = Math.min(limit, fill + (now - at) / stepMs) - 1
    at = now
    // No vendor counts so exactly.
    return { remaining: Math.floor(fill + 0.001), resetMs: (limit - fill) * stepMs, limit }
  }
}

/** A vendor that takes so many requests in each window. */
const tellingWindows = (limit: number, windowMs: number) => {
  let [window, remaining] = [0, limit]
  return (now: number): Told => {
    const current = Math.floor(now / windowMs)
    if (current !== window) [window, remaining] = [current, limit]
    return { remaining: --remaining, resetMs: windowMs - (now % windowMs) }
  }
}

/** Runs jobs against a vendor in a time of its own. Each call takes 100 ms, and a refusal 20 ms. */
function simulate(vendor: SimulatedVendor, jobs: number, slots = 64) {
  const pace = new Pace()
  const waits: number[] = Array.from({ length: jobs }, () => 0)
  const ends: { at: number; startedAt?: number; told?: number | undefined }[] = []
  let [now, running, done, calls, refused] = [0, 0, 0, 0, 0]
  while (done < jobs) {
    for (const end of ends.filter(({ at }) => at <= now)) {
      ends.splice(ends.indexOf(end), 1)
      running--
      if (end.startedAt === undefined) {
        done++
        continue
      }
      refused++
      pace.refused(end.startedAt, now, end.told)
      waits.push(now + (end.told ?? 1_000))
    }
    waits.sort((a, b) => a - b)
    while (running < slots && (waits[0] ?? Number.POSITIVE_INFINITY) <= now && pace.startsAt(now) <= now) {
      waits.shift()
      running++
      calls++
      pace.started(now)
      if (vendor.takes(now)) ends.push({ at: now + 100 })
      else ends.push({ at: now + 20, startedAt: now, told: vendor.waitMs(now) })
    }
    now += 5
  }
  return { seconds: now / 1_000, refusedShare: refused / calls, pace }
}

describe('Pace', () => {
  it.each([
    ['tells nothing', bucket(20, 20)],
    ['tells to wait for a second', bucket(20, 20, 1_000)],
    ['saves up few calls', bucket(20, 4, 1_000)],
    ['counts by the second and tells nothing', windows(20, 1_000, false)],
    ['counts by the second and tells its end', windows(20, 1_000, true)],
  ])('takes nine tenths of what a vendor of 20 calls a second takes that %s', (_, vendor) => {
    const { seconds, refusedShare } = simulate(vendor, 1_000)
    expect(1_000 / seconds).toBeGreaterThan(18)
    expect(refusedShare).toBeLessThan(0.1)
  })

  it('learns limits of a minute, which are told with long waits', () => {
    const { seconds, refusedShare } = simulate(windows(500, 60_000, true), 2_000)
    // The first minute begins with as many calls as there are slots.
    expect(2_000 / seconds).toBeGreaterThan(500 / 60)
    expect(refusedShare).toBeLessThan(0.02)
  })

  it('does not hold back a lane of which nothing was refused', () => {
    const { seconds, refusedShare } = simulate({ takes: () => true, waitMs: () => undefined }, 6_400)
    expect(seconds).toBeLessThan(11)
    expect(refusedShare).toBe(0)
  })

  it('asks a vendor that takes nothing less and less often, and is fast again soon after it takes calls', () => {
    const vendor = bucket(20, 20)
    const { seconds, refusedShare } = simulate(
      { takes: (now) => now > 60_000 && vendor.takes(now), waitMs: () => undefined },
      400,
    )
    // The longest pause is half a minute.
    expect(seconds).toBeLessThan(60 + 30 + 2 * 20)
    expect(refusedShare).toBeLessThan(0.25)
  })

  it('starts nothing before the time that the vendor told, but asks again after a minute', () => {
    const pace = new Pace()
    pace.started(1_000)
    pace.refused(1_000, 1_050, 5_000)
    expect(pace.startsAt(1_100)).toBeGreaterThanOrEqual(6_050)
    pace.refused(1_000, 1_060, 3_600_000)
    expect(pace.startsAt(1_100)).toBe(61_060)
  })

  it('starts nothing before the reset when the vendor told that no request is left, and then as many as there are slots', () => {
    const pace = new Pace()
    pace.started(1_000)
    pace.ranOut(1_050, { resetMs: 300 })
    expect(pace.startsAt(1_051)).toBe(1_350)
    expect(pace.startsAt(1_349)).toBe(1_350)
    for (let count = 0; count < 64; count++) {
      expect(pace.startsAt(1_350)).toBeLessThanOrEqual(1_350)
      pace.started(1_350)
    }
    expect(pace.isPaced(1_350)).toBe(false)
  })

  it('gives turns at the reset to as many as ask for them shortly before', () => {
    const pace = new Pace()
    pace.ranOut(1_000, { resetMs: 300 })
    for (let count = 0; count < 3; count++) {
      expect(pace.startsAt(1_250)).toBe(1_300)
      pace.started(1_300)
    }
  })

  it('starts one call for each request that comes back where the limit is told', () => {
    const pace = new Pace()
    pace.ranOut(0, { resetMs: 60_000, limit: 600 })
    const starts: number[] = []
    for (let now = 0; now < 1_000; now += 10) {
      if (pace.startsAt(now) > now) continue
      pace.started(now)
      starts.push(now)
    }
    expect(starts).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900])
    // Requests that came back while nobody asked are still there.
    for (let count = 0; count < 11; count++) {
      expect(pace.startsAt(2_000)).toBeLessThanOrEqual(2_000)
      pace.started(2_000)
    }
    expect(pace.startsAt(2_000)).toBe(2_100)
  })

  it('asks again after a minute, however far the reset is', () => {
    const pace = new Pace()
    pace.ranOut(1_000, { resetMs: 86_400_000 })
    expect(pace.startsAt(1_001)).toBe(61_000)
  })

  it.each([
    ['has a bucket, and tells when it is full again', tellingBucket(60, 5)],
    ['counts by windows, and tells the end of the window', tellingWindows(5, 300)],
  ])('has nothing refused by a vendor that %s', (_, take) => {
    const pace = new Pace()
    let [now, taken] = [0, 0]
    for (; taken < 100; now++) {
      if (pace.startsAt(now) > now) continue
      pace.started(now)
      const left = take(now)
      expect(left.remaining).toBeGreaterThanOrEqual(0)
      taken++
      if (left.remaining === 0) pace.ranOut(now, left)
    }
    // Both take a call in 60 ms.
    expect(now).toBeLessThan(6_100)
  })

  it('forgets a limit of which it has heard nothing for a minute', () => {
    const pace = new Pace()
    for (let count = 0; count < 10; count++) pace.started(1_000)
    pace.refused(1_000, 1_050)
    expect(pace.isPaced(62_000)).toBe(true)
    expect(pace.isPaced(62_100)).toBe(false)
    expect(pace.startsAt(62_100)).toBe(62_100)
  })
})

describe('a clock that is set back', () => {
  it('does not hold calls back until the old time has come', () => {
    const pace = new Pace()
    const [before, after] = [10_000_000_000, 5_000_000_000]
    pace.started(before)
    pace.refused(before, before + 20, 1_000)
    expect(pace.startsAt(before + 20)).toBeGreaterThan(before + 20)
    expect(pace.startsAt(after)).toBe(after)
    pace.started(after)
    expect(pace.isPaced(after)).toBe(false)
    expect(pace.state.recent).toHaveLength(1)
  })
})

it('asks again as soon as a pace is forgotten, however slow it was', () => {
  const pace = new Pace()
  pace.started(0)
  pace.refused(0, 50_000, 60_000)
  const next = pace.startsAt(50_000)
  expect(next).toBeGreaterThanOrEqual(110_000)
  expect(next).toBeLessThanOrEqual(110_000 + 60_001)
  expect(pace.isPaced(next)).toBe(next <= 170_000)
})
