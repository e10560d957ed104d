import { afterEach, describe, expect, it, vi } from 'vitest'
import { FramedStore } from './framed-store.ts'

class Counter extends FramedStore<{ readonly count: number }> {
  constructor() {
    super({ count: 0 })
  }

  override set(change: { readonly count: number }): void {
    super.set(change)
  }

  override forget(): void {
    super.forget()
  }
}

/** Resolves when the store has told of a change. */
const told = (store: Counter) => new Promise<void>((resolve) => store.subscribe(resolve))

afterEach(() => {
  vi.unstubAllGlobals()
})

describe('a framed store', () => {
  it('changes once a frame, and tells once', async () => {
    const counter = new Counter()
    const before = counter.view()
    const listener = vi.fn()
    counter.subscribe(listener)
    const change = told(counter)
    for (const count of [1, 2, 3]) counter.set({ count })
    expect(counter.view()).toBe(before)
    await change
    expect(counter.view()).toEqual({ count: 3 })
    expect(listener).toHaveBeenCalledTimes(1)
  })

  it('changes in one frame with other stores', async () => {
    const frames: (() => void)[] = []
    vi.stubGlobal('requestAnimationFrame', (callback: () => void) => frames.push(callback))
    vi.stubGlobal('cancelAnimationFrame', () => {})
    const counters = [new Counter(), new Counter()]
    for (const counter of counters) counter.set({ count: 1 })
    expect(frames).toHaveLength(1)
    frames[0]?.()
    expect(counters.map((counter) => counter.view().count)).toEqual([1, 1])
  })

  it('changes in a page that draws no frames, because it is hidden', async () => {
    vi.stubGlobal('requestAnimationFrame', () => 1)
    vi.stubGlobal('cancelAnimationFrame', () => {})
    const counter = new Counter()
    counter.set({ count: 1 })
    await told(counter)
    expect(counter.view()).toEqual({ count: 1 })
  })

  it('tells everybody, also when a listener throws', async () => {
    const frames: (() => void)[] = []
    vi.stubGlobal('requestAnimationFrame', (callback: () => void) => frames.push(callback))
    vi.stubGlobal('cancelAnimationFrame', () => {})
    const [first, second] = [new Counter(), new Counter()]
    const listener = vi.fn()
    first.subscribe(() => {
      throw new Error('a fault of the page')
    })
    for (const counter of [first, second]) counter.subscribe(listener)
    for (const counter of [first, second]) counter.set({ count: 1 })
    expect(() => frames[0]?.()).toThrow('a fault of the page')
    expect(listener).toHaveBeenCalledTimes(2)
    first.set({ count: 2 })
    expect(frames).toHaveLength(2)
    expect(() => frames[1]?.()).toThrow('a fault of the page')
    expect(first.view()).toEqual({ count: 2 })
  })

  it('tells nobody who has unsubscribed', async () => {
    const counter = new Counter()
    const listener = vi.fn()
    counter.subscribe(listener)()
    counter.set({ count: 1 })
    await told(counter)
    expect(listener).not.toHaveBeenCalled()
  })

  it('shows a change that was forgotten to the next subscriber', async () => {
    const counter = new Counter()
    counter.set({ count: 1 })
    counter.forget()
    const other = new Counter()
    other.set({ count: 1 })
    await told(other)
    expect(counter.view()).toEqual({ count: 0 })
    await told(counter)
    expect(counter.view()).toEqual({ count: 1 })
  })
})
