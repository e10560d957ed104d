import { once } from 'node:events'
import type { StreamEvent } from '@promptlab/contract'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EventStream } from './event-stream.ts'

const token = (id: number, text: string): StreamEvent => ({ event: 'token', id, data: { token: text } })

async function* batches(...items: (readonly StreamEvent[] | Promise<void>)[]) {
  for (const item of items) {
    if (item instanceof Promise) await item
    else yield item
  }
}

describe('EventStream', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('sends the retry time, then each batch as one chunk', async () => {
    const stream = new EventStream({
      events: () => batches([token(1, 'a'), token(2, 'b')], [token(3, 'c')]),
      heartbeatMs: 1000,
    })
    const chunks = await stream.toArray()
    expect(chunks).toEqual([
      'retry: 2000\n\n',
      'id: 1\ndata: {"token":"a"}\n\nid: 2\ndata: {"token":"b"}\n\n',
      'id: 3\ndata: {"token":"c"}\n\n',
    ])
  })

  it('sends a comment after each silence, and asks for no second batch meanwhile', async () => {
    const gate = Promise.withResolvers<void>()
    const chunks: string[] = []
    let pulls = 0
    const source = batches(gate.promise, [token(1, 'a')])
    const stream = new EventStream({
      events: () => ({
        next: () => {
          pulls++
          return source.next()
        },
      }),
      heartbeatMs: 15_000,
    })
    stream.on('data', (chunk: string) => chunks.push(chunk))
    await vi.advanceTimersByTimeAsync(14_999)
    expect(chunks).toEqual(['retry: 2000\n\n'])
    await vi.advanceTimersByTimeAsync(30_001)
    expect(chunks).toEqual(['retry: 2000\n\n', ': ping\n\n', ': ping\n\n', ': ping\n\n'])
    expect(pulls).toBe(1)
    gate.resolve()
    await once(stream, 'end')
    expect(chunks.slice(4)).toEqual(['id: 1\ndata: {"token":"a"}\n\n'])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('piles up no heartbeats for a reader that takes nothing', async () => {
    const stream = new EventStream({ events: () => batches(new Promise(() => {})), heartbeatMs: 10 })
    await vi.advanceTimersByTimeAsync(10_000)
    expect(stream.readableLength).toBe('retry: 2000\n\n'.length)
    stream.destroy()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends its events when it is destroyed', async () => {
    let signal: AbortSignal | undefined
    const stream = new EventStream({
      events: (given) => {
        signal = given
        return batches(new Promise(() => {}))
      },
      heartbeatMs: 10,
    })
    stream.resume()
    expect(signal?.aborted).toBe(false)
    stream.destroy()
    await once(stream, 'close')
    expect(signal?.aborted).toBe(true)
  })
})
