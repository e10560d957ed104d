import type { UIMessageChunk } from 'ai'
import { expect, it, onTestFinished, vi } from 'vitest'
import { eventStreamResponse } from './event-stream.ts'

/** A chunk, and then what the promise does. */
async function* chunksUntil(end: Promise<void>): AsyncGenerator<UIMessageChunk, void> {
  yield { type: 'start-step' }
  await end
}

/** Reads a response piece by piece. */
function readerOf(response: Response): () => Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  return async () => (await reader?.read())?.value ?? 'the end'
}

it('eventStreamResponse > sends a comment while it is idle, and ends as the AI SDK expects', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  const read = readerOf(eventStreamResponse(chunksUntil(ended), () => {}))
  expect(await read()).toBe('data: {"type":"start-step"}\n\n')
  vi.advanceTimersByTime(15_000)
  expect(await read()).toBe(': keep-alive\n\n')
  end()
  expect(await read()).toBe('data: [DONE]\n\n')
  expect(await read()).toBe('the end')
  expect(vi.getTimerCount()).toBe(0)
})

it('eventStreamResponse > breaks when its chunks do', async () => {
  const broken = new Error('Broken')
  const read = readerOf(eventStreamResponse(chunksUntil(Promise.reject(broken)), () => {}))
  await expect(read().then(read)).rejects.toBe(broken)
})

it('eventStreamResponse > says that its client has left', async () => {
  const onLeave = vi.fn<() => void>()
  const response = eventStreamResponse(chunksUntil(new Promise(() => {})), onLeave)
  await response.body?.cancel()
  expect(onLeave).toHaveBeenCalledOnce()
})
