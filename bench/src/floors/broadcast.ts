import type { ServerResponse } from 'node:http'
import { z } from 'zod'
import { pace } from '../processes/pace.ts'
import type { Task } from '../processes/task.ts'
import { sampleTokens } from '../vendor/sample-text.ts'

/** The open responses. */
export const readers = new Set<ServerResponse>()

/** The floor writes to every reader the frames that the server sends for this text, and ends the responses. */
export const broadcast: Task<{ seed: number; tokens: number; pauseMs: number }, null> = {
  name: 'broadcast',
  params: z.object({ seed: z.int(), tokens: z.int(), pauseMs: z.number() }),
  result: z.null(),
  run: async ({ seed, tokens, pauseMs }) => {
    await pace(framesOf(sampleTokens(seed, tokens)), pauseMs, (frame) => {
      for (const reader of readers) reader.write(frame)
    })
    for (const reader of readers) reader.end('event: metrics\nid: end\ndata: {}\n\n')
    readers.clear()
    return null
  },
}

function framesOf(tokens: readonly string[]): string[] {
  let length = 0
  return tokens.map((token) => {
    length += token.length
    return `id: ${length}\ndata: ${JSON.stringify({ token })}\n\n`
  })
}
