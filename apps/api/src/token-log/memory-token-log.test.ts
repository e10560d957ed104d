import { describe, expect, it } from 'vitest'
import { MemoryTokenLog } from './memory-token-log.ts'

const tokensOf = (batch: Awaited<ReturnType<ReturnType<MemoryTokenLog['attach']>['next']>>) =>
  batch?.map(({ id, data }) => [id, data.token])

describe('MemoryTokenLog', () => {
  it('numbers tokens by the length of the text, in UTF-16 code units', async () => {
    const log = new MemoryTokenLog()
    const reader = log.attach('job', 0)
    log.append('job', 'Hé')
    log.append('job', ' 🙂')
    expect(tokensOf(await reader.next())).toEqual([
      [2, 'Hé'],
      [5, ' 🙂'],
    ])
  })

  it('wakes a waiting reader with what is appended', async () => {
    const log = new MemoryTokenLog()
    const reader = log.attach('job', 0)
    const next = reader.next()
    log.append('job', 'one')
    expect(tokensOf(await next)).toEqual([[3, 'one']])
  })

  it('gives a slow reader all that became ready in one batch', async () => {
    const log = new MemoryTokenLog()
    const reader = log.attach('job', 0)
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
    const batch = await log.attach('job', after).next()
    expect(batch?.map(({ data }) => data.token)).toEqual(expected)
    expect(batch?.at(-1)?.id).toBe(11)
  })

  it('lets a cursor beyond the text wait until the text has grown past it', async () => {
    const log = new MemoryTokenLog()
    log.append('job', 'one')
    const reader = log.attach('job', 5)
    const next = reader.next()
    log.append('job', 'x')
    log.append('job', 'yz!')
    expect(tokensOf(await next)).toEqual([[7, 'z!']])
  })

  it('gives each of many readers the whole text', async () => {
    const log = new MemoryTokenLog()
    const readers = Array.from({ length: 50 }, () => log.attach('job', 0))
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
    const reader = log.attach('job', 0)
    log.append('job', 'last')
    await log.close('job')
    expect(tokensOf(await reader.next())).toEqual([[4, 'last']])
    expect(await reader.next()).toBeUndefined()
    expect(await reader.next()).toBeUndefined()
  })

  it('ends the wait of a reader that is detached', async () => {
    const log = new MemoryTokenLog()
    const reader = log.attach('job', 0)
    const next = reader.next()
    reader.detach()
    reader.detach()
    expect(await next).toBeUndefined()
  })

  it('keeps nothing of a job that has ended or that was only asked about', async () => {
    const log = new MemoryTokenLog()
    log.attach('unknown', 0).detach()
    const reader = log.attach('job', 0)
    log.append('job', 'text')
    reader.detach()
    expect(log.size).toBe(1)
    await log.close('job')
    expect(log.size).toBe(0)
  })
})
