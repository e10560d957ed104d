import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { Waker } from './waker.ts'

/** A source whose readers are functions. */
function sourceOf(...readers: (() => void)[]) {
  const set = new Set(readers)
  return { readers: set, waker: new Waker(set, (wake) => wake()) }
}

/** Time that passes only when a reader takes it. */
function slowTime() {
  let now = 0
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  return {
    pass: (ms: number) => {
      now += ms
    },
  }
}

describe('Waker', () => {
  afterEach(() => void vi.restoreAllMocks())

  it('wakes all readers of all sources in one turn, once, outside the async context of their callers', async () => {
    const run = new AsyncLocalStorage<string>()
    const woken: string[] = []
    const first = sourceOf(() => woken.push(`first ${run.getStore()}`))
    const second = sourceOf(
      () => woken.push('second'),
      () => woken.push('third'),
    )
    run.run('a run', () => first.waker.wakeSoon())
    process.nextTick(() => second.waker.wakeSoon())
    await Promise.resolve()
    first.waker.wakeSoon()
    expect(woken).toEqual([])
    await setImmediate()
    expect(woken).toEqual(['first undefined', 'second', 'third'])
    await setImmediate()
    expect(woken).toHaveLength(3)
  })

  it('wakes the other readers when one throws', async () => {
    const uncaught = vi.fn()
    process.setUncaughtExceptionCaptureCallback(uncaught)
    onTestFinished(() => process.setUncaughtExceptionCaptureCallback(null))
    const error = new Error('broken')
    const woken = Promise.withResolvers<void>()
    const other = Promise.withResolvers<void>()
    const broken = () => {
      throw error
    }
    sourceOf(broken, woken.resolve).waker.wakeSoon()
    sourceOf(other.resolve).waker.wakeSoon()
    await Promise.all([woken.promise, other.promise])
    expect(uncaught).toHaveBeenCalledExactlyOnceWith(error)
  })

  it('wakes thousands of readers in many turns, and each of them once', async () => {
    const { pass } = slowTime()
    const woken = new Array(5000).fill(0)
    const { waker } = sourceOf(
      ...woken.map((_, index) => () => {
        woken[index]++
        pass(1)
      }),
    )
    waker.wakeSoon()
    let turns = 0
    while (woken.includes(0)) {
      const before = woken.filter((times) => times > 0).length
      await setImmediate()
      turns++
      expect(woken.filter((times) => times > 0).length - before).toBeLessThanOrEqual(5)
    }
    expect(turns).toBeGreaterThanOrEqual(1000)
    await setImmediate()
    expect(new Set(woken)).toEqual(new Set([1]))
  })

  it('lets the few readers of one source not wait for the many of another', async () => {
    const { pass } = slowTime()
    let woken = 0
    const one = () => {
      woken++
      pass(1)
    }
    const many = sourceOf(...Array.from({ length: 1000 }, () => () => one()))
    const wokenBefore: number[] = []
    const few = sourceOf(() => wokenBefore.push(woken))
    many.waker.wakeSoon()
    few.waker.wakeSoon()
    while (wokenBefore.length === 0) await setImmediate()
    few.waker.wakeSoon()
    while (wokenBefore.length === 1) await setImmediate()
    expect(wokenBefore[1]).toBeLessThan(50)
    while (woken < 1000) await setImmediate()
  })

  it('wakes readers again for what came after they were woken, also while others still wait', async () => {
    const { pass } = slowTime()
    const woken: string[] = []
    const slow = (name: string) => () => {
      woken.push(name)
      pass(20)
    }
    const { waker } = sourceOf(slow('first'), slow('second'))
    waker.wakeSoon()
    while (woken.length === 0) await setImmediate()
    expect(woken).toEqual(['first'])
    waker.wakeSoon()
    while (woken.length < 4) await setImmediate()
    expect(woken).toEqual(['first', 'second', 'first', 'second'])
  })

  it('wakes a reader that came meanwhile, and none that has left', async () => {
    const { pass } = slowTime()
    const woken: string[] = []
    const left = () => woken.push('left')
    const first = () => {
      woken.push('first')
      pass(20)
    }
    const source = sourceOf(first, left)
    source.waker.wakeSoon()
    while (woken.length === 0) await setImmediate()
    source.readers.delete(left)
    source.readers.add(() => woken.push('new'))
    while (woken.length < 2) await setImmediate()
    expect(woken).toEqual(['first', 'new'])
  })
})
