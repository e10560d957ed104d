import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { CommitPace } from './commit-pace.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

it('CommitPace lets four commits begin at once, then one every 25 ms', async () => {
  const pace = new CommitPace()
  const wentAt: number[] = []
  const commits = (async () => {
    for (let count = 0; count < 7; count += 1) {
      await pace.wait()
      wentAt.push(performance.now())
    }
  })()
  await vi.advanceTimersByTimeAsync(100)
  await commits
  const first = wentAt[0] ?? Number.NaN
  expect(wentAt.map((at) => at - first)).toEqual([0, 0, 0, 0, 25, 50, 75])
})

it('CommitPace never delays commits that come 5 ms apart', async () => {
  const pace = new CommitPace()
  for (let count = 0; count < 20; count += 1) {
    await pace.wait()
    expect(vi.getTimerCount()).toBe(0)
    await vi.advanceTimersByTimeAsync(5)
  }
})
