import { describe, expect, it, vi } from 'vitest'
import { type ChunkReading, streamFromVendor } from './vendor-stream.ts'

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
    expect(await Promise.all([stream.next(), stream.next(), stream.next(), stream.next()])).toEqual([
      { done: false, value: 'Once' },
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
})
