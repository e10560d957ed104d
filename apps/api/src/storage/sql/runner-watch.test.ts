import { describe, expect, it } from 'vitest'
import { RunnerWatch } from './runner-watch.ts'

const TIMES = { leaseMs: 15_000, renewMs: 3_000 }
const DEAD = { id: 'dead', heartbeat: '1' }

/** Observes the dead process every three seconds, from one time to another. */
function observeFrom(watch: RunnerWatch, from: number, to: number): void {
  for (let now = from; now <= to; now += TIMES.renewMs) watch.observe([DEAD], now)
}

describe('RunnerWatch', () => {
  it('judges a process gone when its row has not changed for a whole lease', () => {
    const watch = new RunnerWatch(TIMES)
    observeFrom(watch, 0, 12_000)
    expect(watch.gone(12_000)).toEqual([])
    watch.observe([DEAD], 15_000)
    expect(watch.gone(15_000)).toEqual(['dead'])
  })

  it('never judges a process whose row changes', () => {
    const watch = new RunnerWatch(TIMES)
    for (let now = 0; now <= 60_000; now += 3_000) {
      watch.observe([{ id: 'alive', heartbeat: String(now) }], now)
      expect(watch.gone(now)).toEqual([])
    }
  })

  it('counts anew after a gap of its own, as when every process was paused', () => {
    const watch = new RunnerWatch(TIMES)
    observeFrom(watch, 0, 12_000)
    observeFrom(watch, 32_000, 44_000)
    expect(watch.gone(44_000)).toEqual([])
    watch.observe([DEAD], 47_000)
    expect(watch.gone(47_000)).toEqual(['dead'])
  })

  it('judges nobody when its own last heartbeat is long ago', () => {
    const watch = new RunnerWatch(TIMES)
    observeFrom(watch, 0, 15_000)
    expect(watch.gone(21_000)).toEqual(['dead'])
    expect(watch.gone(21_001)).toEqual([])
  })

  it('forgets a process that has been gone for a hundred leases, and not earlier', () => {
    const watch = new RunnerWatch(TIMES)
    observeFrom(watch, 0, 1_497_000)
    expect(watch.forgotten()).toEqual([])
    watch.observe([DEAD], 1_500_000)
    expect(watch.forgotten()).toEqual(['dead'])
  })
})
