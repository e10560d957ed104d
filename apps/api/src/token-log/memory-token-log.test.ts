import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { attach, describeTokenLog, NO_CALLBACKS, tokensOf } from '../../test/contracts/describe-token-log.ts'
import { append } from '../../test/support/append-token.ts'
import { TEXT_VIEW } from '../jobs/views/text-view.ts'
import { MemoryTokenLog } from './memory-token-log.ts'

describeTokenLog('MemoryTokenLog', async () => new MemoryTokenLog())

describe('MemoryTokenLog', () => {
  it('gives a slow reader all tokens that are ready in one batch', async () => {
    const log = new MemoryTokenLog()
    const reader = attach(log, 'job', 0)
    for (const token of ['a', 'b', 'c']) append(log, 'job', token)
    expect(tokensOf(await reader.next())).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ])
  })

  it('wakes its readers once for all tokens that are appended in one turn of the event loop', async () => {
    const log = new MemoryTokenLog()
    let wakes = 0
    const reader = log.attach('job', TEXT_VIEW, 0, { onReady: () => wakes++, onIdle: () => {} })
    for (const token of ['a', 'b', 'c']) {
      append(log, 'job', token)
      await Promise.resolve()
    }
    expect(wakes).toBe(0)
    await new Promise((resolve) => setImmediate(resolve))
    expect(wakes).toBe(1)
    expect(reader.read()).toHaveLength(3)
  })

  it('keeps no text of a job without tokens when its last reader has detached', () => {
    const log = new MemoryTokenLog()
    const [first, second] = [
      log.attach('unknown', TEXT_VIEW, 0, NO_CALLBACKS),
      log.attach('unknown', TEXT_VIEW, 0, NO_CALLBACKS),
    ]
    first.detach()
    expect(log.size).toBe(1)
    second.detach()
    expect(log.size).toBe(0)
  })

  describe('after a job has ended', () => {
    beforeEach(() => void vi.useFakeTimers())
    afterEach(() => void vi.useRealTimers())
    const options = { graceMs: 1000, maxKeptLength: 10 }

    it('gives late readers the tokens as they were streamed, until the time is over', async () => {
      const log = new MemoryTokenLog(options)
      for (const token of ['one', 'two']) append(log, 'job', token)
      await log.close('job', 1)
      expect(tokensOf(log.attach('job', TEXT_VIEW, 1, NO_CALLBACKS).read())).toEqual([
        [3, 'ne'],
        [6, 'two'],
      ])
      vi.advanceTimersByTime(999)
      expect(log.size).toBe(1)
      vi.advanceTimersByTime(1)
      expect(log.size).toBe(0)
      expect(vi.getTimerCount()).toBe(0)
    })

    it('lets attached readers read on when it has dropped the text', async () => {
      const log = new MemoryTokenLog(options)
      const reader = log.attach('job', TEXT_VIEW, 0, NO_CALLBACKS)
      append(log, 'job', 'text')
      await log.close('job', 1)
      vi.advanceTimersByTime(1000)
      expect(tokensOf(reader.read())).toEqual([[4, 'text']])
      expect(reader.hasEnded).toBe(true)
      reader.detach()
      expect(log.size).toBe(0)
    })

    it('keeps no more text than the limit, and drops the oldest text first', async () => {
      const log = new MemoryTokenLog(options)
      for (const id of ['1', '2', '3']) {
        append(log, id, 'abcd')
        await log.close(id, 1)
      }
      expect(log.size).toBe(2)
      expect(log.attach('1', TEXT_VIEW, 0, NO_CALLBACKS).hasEnded).toBe(false)
      expect(log.attach('3', TEXT_VIEW, 0, NO_CALLBACKS).hasEnded).toBe(true)
      append(log, 'long', 'more than it may keep')
      await log.close('long', 1)
      expect(log.attach('long', TEXT_VIEW, 0, NO_CALLBACKS).hasEnded).toBe(false)
    })
  })
})
