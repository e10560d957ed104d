import { expect, it, vi } from 'vitest'
import { type ChunkReading, streamFromVendor } from './vendor-stream.ts'

/** A stream of these chunks, and what became of it. */
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

it('answers what is asked for at once in order, as a generator does', async () => {
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

it('hangs up when it is left, after what was asked for before', async () => {
  const { stream, closed } = streamOf(answer())
  const [first, left, after] = await Promise.all([stream.next(), stream.return(undefined), stream.next()])
  expect([first.value, left, after]).toEqual([
    'Once',
    { done: true, value: undefined },
    { done: true, value: undefined },
  ])
  expect(closed).toHaveBeenCalledTimes(1)
})

it('opens nothing when it is left before it began', async () => {
  const { stream, open } = streamOf(answer())
  await expect(stream.throw(new Error('no more'))).rejects.toThrow('no more')
  expect(await stream.next()).toEqual({ done: true, value: undefined })
  expect(open).not.toHaveBeenCalled()
})

it('hangs up at the end of its scope', async () => {
  const { stream, closed } = streamOf(answer())
  {
    await using scoped = stream
    await scoped.next()
  }
  expect(closed).toHaveBeenCalledTimes(1)
})

it('is over after a failure, which it tells once', async () => {
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
