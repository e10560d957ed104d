import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { attach, DEAF, describeTokenLog, tokensOf } from '../../test/contracts/describe-token-log.ts'
import { append } from '../../test/support/append-token.ts'
import { MemoryTokenLog } from './memory-token-log.ts'

describeTokenLog('MemoryTokenLog', async () => new MemoryTokenLog())

describe('MemoryTokenLog', () => {
  it('gives a slow reader all that became ready in one batch', async () => {
    const log = new MemoryTokenLog()
    const reader = attach(log, 'job', 0)
    for (const token of ['a', 'b', 'c']) append(log, 'job', token)
    expect(tokensOf(await reader.next())).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ])
  })

  it('wakes its readers once for all tokens that are appended together', async () => {
    const log = new MemoryTokenLog()
    let wakes = 0
    const reader = log.attach('job', 0, { onReady: () => wakes++, onDoubt: () => {} })
    for (const token of ['a', 'b', 'c']) {
      append(log, 'job', token)
      await Promise.resolve()
    }
    expect(wakes).toBe(0)
    await new Promise((resolve) => setImmediate(resolve))
    expect(wakes).toBe(1)
    expect(reader.read()).toHaveLength(3)
  })

  it('keeps nothing of a job that was only asked about', () => {
    const log = new MemoryTokenLog()
    const [first, second] = [log.attach('unknown', 0, DEAF), log.attach('unknown', 0, DEAF)]
    first.detach()
    expect(log.size).toBe(1)
    second.detach()
    expect(log.size).toBe(0)
  })

  describe('after the end of a job', () => {
    beforeEach(() => void vi.useFakeTimers())
    afterEach(() => void vi.useRealTimers())
    const options = { graceMs: 1000, maxKeptLength: 10 }

    it('gives who comes late the tokens as they were streamed, for a while', async () => {
      const log = new MemoryTokenLog(options)
      for (const token of ['one', 'two']) append(log, 'job', token)
      await log.close('job', 1)
      expect(tokensOf(log.attach('job', 1, DEAF).read())).toEqual([
        [3, 'ne'],
        [6, 'two'],
      ])
      vi.advanceTimersByTime(999)
      expect(log.size).toBe(1)
      vi.advanceTimersByTime(1)
      expect(log.size).toBe(0)
      expect(vi.getTimerCount()).toBe(0)
    })

    it('lets readers read on when it has forgotten the job', async () => {
      const log = new MemoryTokenLog(options)
      const reader = log.attach('job', 0, DEAF)
      append(log, 'job', 'text')
      await log.close('job', 1)
      vi.advanceTimersByTime(1000)
      expect(tokensOf(reader.read())).toEqual([[4, 'text']])
      expect(reader.hasEnded).toBe(true)
      reader.detach()
      expect(log.size).toBe(0)
    })

    it('keeps no more text than it may, and forgets the oldest first', async () => {
      const log = new MemoryTokenLog(options)
      for (const id of ['1', '2', '3']) {
        append(log, id, 'abcd')
        await log.close(id, 1)
      }
      expect(log.size).toBe(2)
      expect(log.attach('1', 0, DEAF).hasEnded).toBe(false)
      expect(log.attach('3', 0, DEAF).hasEnded).toBe(true)
      append(log, 'long', 'more than it may keep')
      await log.close('long', 1)
      expect(log.attach('long', 0, DEAF).hasEnded).toBe(false)
    })
  })
})
