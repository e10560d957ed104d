import { expect, it, onTestFinished, vi } from 'vitest'
import { stopWithoutParent } from './stop-without-parent.ts'

it('stops once, when another process has become the parent', () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const parent = vi.fn(() => 7)
  const stop = vi.fn()
  stopWithoutParent(parent, stop)
  vi.advanceTimersByTime(10_000)
  expect(stop).not.toHaveBeenCalled()
  parent.mockReturnValue(1)
  vi.advanceTimersByTime(10_000)
  expect(stop).toHaveBeenCalledTimes(1)
})
