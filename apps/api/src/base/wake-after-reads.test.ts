import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import { expect, it, onTestFinished, vi } from 'vitest'
import { wakeAfterReads } from './wake-after-reads.ts'

it('wakeAfterReads calls all callbacks in one turn, outside the async context of their callers', async () => {
  const run = new AsyncLocalStorage<string>()
  const woken: string[] = []
  run.run('a run', () => wakeAfterReads(() => woken.push(`first ${run.getStore()}`)))
  process.nextTick(() => wakeAfterReads(() => woken.push('second')))
  await Promise.resolve()
  expect(woken).toEqual([])
  await setImmediate()
  expect(woken).toEqual(['first undefined', 'second'])
  await setImmediate()
  expect(woken).toHaveLength(2)
})

it('wakeAfterReads calls the other callbacks when one throws', async () => {
  const uncaught = vi.fn()
  process.setUncaughtExceptionCaptureCallback(uncaught)
  onTestFinished(() => process.setUncaughtExceptionCaptureCallback(null))
  const error = new Error('broken')
  const woken = Promise.withResolvers<void>()
  wakeAfterReads(() => {
    throw error
  })
  wakeAfterReads(woken.resolve)
  await woken.promise
  expect(uncaught).toHaveBeenCalledWith(error)
})
