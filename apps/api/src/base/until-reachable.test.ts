import { expect, it, vi } from 'vitest'
import { UnreachableError } from './unreachable-error.ts'
import { untilReachable } from './until-reachable.ts'

it('untilReachable tries again while the server does not answer, and logs a warning', async () => {
  const warn = vi.fn()
  const open = vi.fn().mockRejectedValueOnce(new UnreachableError('not yet')).mockResolvedValue('opened')
  expect(await untilReachable(open, { logger: { warn }, pauseMs: 1 })).toBe('opened')
  expect(warn).toHaveBeenCalledOnce()
})

it('untilReachable gives up when the time is over', async () => {
  const open = vi.fn().mockRejectedValue(new UnreachableError('never'))
  const options = { logger: { warn: () => {} }, pauseMs: 5, limitMs: 30 }
  await expect(untilReachable(open, options)).rejects.toThrow('never')
  expect(open.mock.calls.length).toBeGreaterThan(1)
})

it('untilReachable throws other errors at once', async () => {
  const open = vi.fn().mockRejectedValue(new Error('wrong password'))
  await expect(untilReachable(open, { logger: { warn: () => {} } })).rejects.toThrow('wrong password')
  expect(open).toHaveBeenCalledOnce()
})
