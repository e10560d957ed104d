import { describe, expect, it, vi } from 'vitest'
import { drain } from './testing/drain.ts'
import type { ChunkReading } from './vendor-call.ts'
import { streamFromVendor } from './vendor-stream.ts'

/** A stream of these chunks, with spies on its opening and its closing. */
function streamOf(chunks: AsyncIterable<ChunkReading>, signal = new AbortController().signal) {
  const open = vi.fn(async (_: string, upstream: AbortSignal) => {
    upstream.addEventListener('abort', () => closed(upstream.reason))
    return chunks
  })
  const closed = vi.fn()
  const stream = streamFromVendor({ provider: 'test', apiKey: () => 'key', signal, open, read: (chunk) => chunk })
  return { stream, open, closed }
}

async function* answer(): AsyncGenerator<ChunkReading> {
  yield { text: 'Once' }
  yield {}
  yield { text: ' upon' }
  yield { finishReason: 'stop' }
}

describe('streamFromVendor', () => {
  it('opens a call to a vendor without keys with an empty key', async () => {
    const open = vi.fn(async (_key: string, _signal: AbortSignal) => answer())
    const { signal } = new AbortController()
    const stream = streamFromVendor({ provider: 'test', signal, open, read: (chunk) => chunk })
    expect((await stream.next()).value).toBe('Once')
    expect(open.mock.calls[0]?.[0]).toBe('')
    await stream.return(undefined)
  })

  it('answers simultaneous calls in order, as a generator does', async () => {
    const { stream, open, closed } = streamOf(answer())
    expect(await Promise.all(Array.from({ length: 5 }, () => stream.next()))).toEqual([
      { done: false, value: 'Once' },
      { done: false, value: { type: 'alive' } },
      { done: false, value: ' upon' },
      { done: true, value: { finishReason: 'stop' } },
      { done: true, value: undefined },
    ])
    expect(open).toHaveBeenCalledTimes(1)
    expect(closed).not.toHaveBeenCalled()
  })

  it('closes the connection when its consumer leaves, after the calls before', async () => {
    const { stream, closed } = streamOf(answer())
    const [first, left, after] = await Promise.all([stream.next(), stream.return(undefined), stream.next()])
    expect([first.value, left, after]).toEqual([
      'Once',
      { done: true, value: undefined },
      { done: true, value: undefined },
    ])
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('sends nothing if its consumer leaves before the first next()', async () => {
    const { stream, open } = streamOf(answer())
    await expect(stream.throw(new Error('no more'))).rejects.toThrow('no more')
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    expect(open).not.toHaveBeenCalled()
  })

  it('closes the connection at the end of its scope', async () => {
    const { stream, closed } = streamOf(answer())
    {
      await using scoped = stream
      await scoped.next()
    }
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('ends after a failure, which it throws once', async () => {
    const failing = async function* (): AsyncGenerator<ChunkReading> {
      yield { text: 'Once' }
      throw new Error('broken')
    }
    const { stream, closed } = streamOf(failing())
    await stream.next()
    await expect(stream.next()).rejects.toMatchObject({ name: 'ProviderError' })
    expect(await stream.next()).toEqual({ done: true, value: undefined })
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('answers a chunk without content with one and the same frozen object', async () => {
    const { stream } = streamOf(
      (async function* () {
        yield* [
          {},
          { text: '' },
          { pieces: [] },
          { usage: { inputTokens: 1, outputTokens: 1 } },
          { finishReason: 'stop' },
        ]
      })(),
    )
    const pieces: unknown[] = []
    for await (const piece of stream) pieces.push(piece)
    expect(pieces).toHaveLength(4)
    expect(new Set(pieces).size).toBe(1)
    expect(Object.isFrozen(pieces[0])).toBe(true)
  })

  it('yields the pieces of one chunk in order: reasoning, text, the others', async () => {
    const { stream } = streamOf(
      (async function* () {
        yield {
          reasoning: 'hm',
          text: 'a',
          pieces: [
            { type: 'refusal', text: 'no' },
            { type: 'text', text: 'b' },
          ],
        }
        yield { finishReason: 'stop' }
      })(),
    )
    expect((await drain(stream)).pieces).toEqual([
      { type: 'reasoning', text: 'hm' },
      'a',
      { type: 'refusal', text: 'no' },
      'b',
    ])
  })

  it('yields the pieces of a chunk that reports a failure before it throws', async () => {
    const failure = { code: 'provider-unavailable', what: 'gave up' } as const
    const { stream, closed } = streamOf(
      (async function* () {
        yield { text: 'Half', failure }
      })(),
    )
    expect(await drain(stream)).toMatchObject({ fragments: ['Half'], error: { message: 'test gave up' } })
    expect(closed).toHaveBeenCalledTimes(1)
  })

  it('takes usage that comes behind the finish reason, and nothing there as a failure', async () => {
    const usage = { inputTokens: 1, outputTokens: 2 }
    const failure = { code: 'provider-unavailable', what: 'gave up' } as const
    const { stream } = streamOf(
      (async function* (): AsyncGenerator<ChunkReading> {
        yield { text: 'Hi', finishReason: 'stop' }
        yield { failure }
        yield { usage }
        throw new Error('broken')
      })(),
    )
    expect(await drain(stream)).toMatchObject({ fragments: ['Hi'], summary: { finishReason: 'stop', usage } })
  })

  it('yields text that comes behind a finish reason', async () => {
    const { stream } = streamOf(
      (async function* () {
        yield* [
          { text: 'a', finishReason: 'stop' },
          { text: 'b', finishReason: 'stop' },
        ] as const
      })(),
    )
    expect((await drain(stream)).fragments).toEqual(['a', 'b'])
  })

  it('waits one second at most for the end, then closes the connection', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      const open = Promise.withResolvers<void>()
      const { stream, closed } = streamOf(
        (async function* () {
          yield { text: 'Hi', finishReason: 'stop' } as const
          await open.promise
        })(),
      )
      await stream.next()
      const end = stream.next()
      await vi.advanceTimersByTimeAsync(999)
      expect(closed).not.toHaveBeenCalled()
      await vi.advanceTimersByTimeAsync(1)
      expect(await end).toEqual({ done: true, value: { finishReason: 'stop' } })
      expect(closed).toHaveBeenCalledTimes(1)
    } finally {
      vi.useRealTimers()
    }
  })

  it('throws the reason of an abort, although pieces are ready', async () => {
    const abort = new AbortController()
    const { stream } = streamOf(
      (async function* () {
        yield { reasoning: 'hm', text: 'a' }
      })(),
      abort.signal,
    )
    await stream.next()
    abort.abort('enough')
    await expect(stream.next()).rejects.toBe('enough')
  })
})

describe('nextReady of streamFromVendor', () => {
  /** Chunks that all are here as soon as the first was asked for. */
  function together(...chunks: ChunkReading[]) {
    const iterator = {
      next: async () => {
        const value = chunks.shift()
        return value ? { done: false as const, value } : { done: true as const, value: undefined }
      },
      nextReady: () => chunks.shift(),
    }
    return { [Symbol.asyncIterator]: () => iterator }
  }

  function streamTogether(signal: AbortSignal, read: (chunk: ChunkReading) => ChunkReading, ...chunks: ChunkReading[]) {
    return streamFromVendor({ provider: 'test', signal, open: async () => together(...chunks), read })
  }

  it('gives the pieces that came together, and leaves the end to next', async () => {
    const { signal } = new AbortController()
    const chunks = [{ text: 'a' }, { reasoning: 'b', text: 'c' }, {}, { text: 'd', finishReason: 'stop' }] as const
    const stream = streamTogether(signal, (chunk) => chunk, ...chunks)
    expect(stream.nextReady?.()).toBeUndefined()
    expect(await stream.next()).toEqual({ done: false, value: 'a' })
    const ready = [1, 2, 3, 4, 5].map(() => stream.nextReady?.())
    expect(ready).toEqual([{ type: 'reasoning', text: 'b' }, 'c', { type: 'alive' }, 'd', undefined])
    expect(await stream.next()).toEqual({ done: true, value: { finishReason: 'stop' } })
    expect(stream.nextReady?.()).toBeUndefined()
  })

  it('leaves a failure to next, behind the pieces before it', async () => {
    const { signal } = new AbortController()
    const read = (chunk: ChunkReading) => {
      if (chunk.text === 'wrong') throw new Error('unreadable')
      return chunk
    }
    const stream = streamTogether(signal, read, { text: 'a' }, { text: 'b' }, { text: 'wrong' }, { text: 'c' })
    await stream.next()
    expect([stream.nextReady?.(), stream.nextReady?.()]).toEqual(['b', undefined])
    await expect(stream.next()).rejects.toMatchObject({ name: 'ProviderError' })
    expect(stream.nextReady?.()).toBeUndefined()
  })

  it('gives nothing after an abort, and while a next is pending', async () => {
    const stop = new AbortController()
    const stream = streamTogether(stop.signal, (chunk) => chunk, { text: 'a' }, { text: 'b' }, { text: 'c' })
    const pending = stream.next()
    expect(stream.nextReady?.()).toBeUndefined()
    await pending
    stop.abort(new Error('stopped'))
    expect(stream.nextReady?.()).toBeUndefined()
    await expect(stream.next()).rejects.toThrow('stopped')
  })
})
