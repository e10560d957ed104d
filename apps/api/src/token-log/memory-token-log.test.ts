import type { TokenEvent } from '@promptlab/contract'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AwaitedReader } from '../../test/awaited-reader.ts'
import type { TokenReader } from '../jobs/token-log.ts'
import { MemoryTokenLog } from './memory-token-log.ts'

function attach(log: MemoryTokenLog, jobId: string, after: number) {
  return new AwaitedReader<TokenEvent, TokenReader>(
    (onReady) => log.attach(jobId, after, { onReady, onDoubt: () => {} }),
    (reader) => reader.hasEnded,
  )
}

const DEAF = { onReady: () => {}, onDoubt: () => {} }
const tokensOf = (batch: readonly TokenEvent[] | undefined) => batch?.map(({ id, data }) => [id, data.token])

describe('MemoryTokenLog', () => {
  it('numbers tokens by the length of the text, in UTF-16 code units', async () => {
    const log = new MemoryTokenLog()
    const reader = attach(log, 'job', 0)
    log.append('job', 'Hé')
    log.append('job', ' 🙂')
    expect(tokensOf(await reader.next())).toEqual([
      [2, 'Hé'],
      [5, ' 🙂'],
    ])
  })

  it('wakes a waiting reader with what is appended', async () => {
    const log = new MemoryTokenLog()
    const reader = attach(log, 'job', 0)
    const next = reader.next()
    log.append('job', 'one')
    expect(tokensOf(await next)).toEqual([[3, 'one']])
  })

  it('gives a slow reader all that became ready in one batch', async () => {
    const log = new MemoryTokenLog()
    const reader = attach(log, 'job', 0)
    for (const token of ['a', 'b', 'c']) log.append('job', token)
    expect(tokensOf(await reader.next())).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ])
  })

  it.each([
    [0, ['one', 'two', 'three']],
    [1, ['ne', 'two', 'three']],
    [3, ['two', 'three']],
    [5, ['o', 'three']],
    [10, ['e']],
  ])('gives a reader behind %i code units exactly the rest', async (after, expected) => {
    const log = new MemoryTokenLog()
    for (const token of ['one', 'two', 'three']) log.append('job', token)
    const batch = await attach(log, 'job', after).next()
    expect(batch?.map(({ data }) => data.token)).toEqual(expected)
    expect(batch?.at(-1)?.id).toBe(11)
  })

  it('lets a cursor beyond the text wait until the text has grown past it', async () => {
    const log = new MemoryTokenLog()
    log.append('job', 'one')
    const reader = attach(log, 'job', 5)
    const next = reader.next()
    log.append('job', 'x')
    log.append('job', 'yz!')
    expect(tokensOf(await next)).toEqual([[7, 'z!']])
  })

  it('gives each of many readers the whole text', async () => {
    const log = new MemoryTokenLog()
    const readers = Array.from({ length: 50 }, () => attach(log, 'job', 0))
    const texts = readers.map(async (reader) => {
      let text = ''
      for (let batch = await reader.next(); batch; batch = await reader.next()) {
        text += batch.map(({ data }) => data.token).join('')
      }
      return text
    })
    for (const token of ['Once', ' upon', ' a', ' time']) log.append('job', token)
    await log.close('job')
    expect(new Set(await Promise.all(texts))).toEqual(new Set(['Once upon a time']))
  })

  it('ends a reader only after it has read everything', async () => {
    const log = new MemoryTokenLog()
    const reader = attach(log, 'job', 0)
    log.append('job', 'last')
    await log.close('job')
    expect(tokensOf(await reader.next())).toEqual([[4, 'last']])
    expect(await reader.next()).toBeUndefined()
    expect(await reader.next()).toBeUndefined()
  })

  it('wakes its readers once for all tokens that are appended together', async () => {
    const log = new MemoryTokenLog()
    let wakes = 0
    const reader = log.attach('job', 0, { onReady: () => wakes++, onDoubt: () => {} })
    for (const token of ['a', 'b', 'c']) {
      log.append('job', token)
      await Promise.resolve()
    }
    expect(wakes).toBe(0)
    await new Promise((resolve) => setImmediate(resolve))
    expect(wakes).toBe(1)
    expect(reader.read()).toHaveLength(3)
  })

  it('leaves a reader alone that is detached', async () => {
    const log = new MemoryTokenLog()
    let wakes = 0
    const reader = log.attach('job', 0, { onReady: () => wakes++, onDoubt: () => {} })
    log.append('job', 'text')
    reader.detach()
    reader.detach()
    await new Promise((resolve) => setImmediate(resolve))
    expect(wakes).toBe(0)
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
      for (const token of ['one', 'two']) log.append('job', token)
      await log.close('job')
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
      log.append('job', 'text')
      await log.close('job')
      vi.advanceTimersByTime(1000)
      expect(tokensOf(reader.read())).toEqual([[4, 'text']])
      expect(reader.hasEnded).toBe(true)
      reader.detach()
      expect(log.size).toBe(0)
    })

    it('keeps no more text than it may, and forgets the oldest first', async () => {
      const log = new MemoryTokenLog(options)
      for (const id of ['1', '2', '3']) {
        log.append(id, 'abcd')
        await log.close(id)
      }
      expect(log.size).toBe(2)
      expect(log.attach('1', 0, DEAF).hasEnded).toBe(false)
      expect(log.attach('3', 0, DEAF).hasEnded).toBe(true)
      log.append('long', 'more than it may keep')
      await log.close('long')
      expect(log.attach('long', 0, DEAF).hasEnded).toBe(false)
    })
  })
})
