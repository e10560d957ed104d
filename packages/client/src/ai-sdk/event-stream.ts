import type { UIMessageChunk } from 'ai'

/** How often a comment is sent, in milliseconds, so that no proxy takes an idle stream for dead. */
const KEEP_ALIVE_MS = 15_000

const HEADERS = {
  'content-type': 'text/event-stream',
  // Next.js would hold events back to compress them.
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
  'x-vercel-ai-ui-message-stream': 'v1',
}

/**
 * Chunks as the response that `DefaultChatTransport` reads. An error of the chunks breaks the response, so that a truncated answer
 * does not look finished.
 * @param onLeave called when the client has left
 */
export function eventStreamResponse(chunks: AsyncGenerator<UIMessageChunk, void>, onLeave: () => void): Response {
  const encoder = new TextEncoder()
  let keepAlive: ReturnType<typeof setInterval> | undefined
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      keepAlive = setInterval(() => controller.enqueue(encoder.encode(': keep-alive\n\n')), KEEP_ALIVE_MS)
    },
    async pull(controller) {
      try {
        const { done, value } = await chunks.next()
        controller.enqueue(encoder.encode(`data: ${done ? '[DONE]' : JSON.stringify(value)}\n\n`))
        if (!done) return
        clearInterval(keepAlive)
        controller.close()
      } catch (error) {
        clearInterval(keepAlive)
        controller.error(error)
      }
    },
    cancel() {
      clearInterval(keepAlive)
      onLeave()
    },
  })
  return new Response(body, { headers: HEADERS })
}
