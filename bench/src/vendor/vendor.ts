/** A process that answers like OpenAI, at a given pace, with a text that the prompt chooses. */
import { createServer, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { z } from 'zod'
import { listen } from '../processes/listen.ts'
import { pace } from '../processes/pace.ts'
import { answerable, answerTasks } from '../processes/task.ts'
import { openAIFrames } from './openai-frames.ts'
import { releaseHeld, untilReleased } from './release-held.ts'
import { sampleTokens } from './sample-text.ts'
import { Script } from './script.ts'

const Body = z.object({ messages: z.array(z.object({ content: z.string() })).min(1) })

async function play(
  { seed, tokens, pauseMs, isReasoning, isHeld, isEndless }: Script,
  response: ServerResponse,
): Promise<void> {
  const frames = openAIFrames(sampleTokens(seed, tokens), isReasoning)
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  response.write(frames.start)
  if (isHeld) await untilReleased()
  await pace(frames.tokens, pauseMs, (frame) => response.write(frame))
  if (!isEndless) response.end(frames.end)
}

const server = createServer((request, response) => {
  json(request)
    .then((body) => play(Script.parse(JSON.parse(Body.parse(body).messages.at(-1)?.content ?? '')), response))
    .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
})

answerTasks([answerable(releaseHeld)])
await listen(server)
