/** A process that answers like OpenAI, at a given pace, with a text that the prompt chooses. */
import { createServer, type ServerResponse } from 'node:http'
import { listen } from '../processes/listen.ts'
import { pace } from '../processes/pace.ts'
import { answerable, answerTasks } from '../processes/task.ts'
import { openAIFrames } from './openai-frames.ts'
import { readScript } from './read-script.ts'
import { countHeld, releaseHeld, untilReleased } from './release-held.ts'
import { sampleTokens } from './sample-text.ts'
import type { Script } from './script.ts'

async function play(
  { seed, tokens, pauseMs, pieces, isHeld, isEndless }: Script,
  response: ServerResponse,
): Promise<void> {
  const frames = openAIFrames(sampleTokens(seed, tokens), pieces)
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  response.write(frames.start)
  if (isHeld) await untilReleased()
  await pace(frames.tokens, pauseMs, (frame) => response.write(frame))
  if (!isEndless) response.end(frames.end)
}

const server = createServer((request, response) => {
  readScript(request)
    .then((script) => play(script, response))
    .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
})

answerTasks([answerable(releaseHeld), answerable(countHeld)])
await listen(server)
