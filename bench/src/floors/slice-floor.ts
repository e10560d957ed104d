/** The least that resuming can cost: a plain node:http server that has the text in memory and sends the rest as one event. */
import { createServer } from 'node:http'
import { readPeakMemory } from '../probe/memory.ts'
import { listen } from '../processes/listen.ts'
import { answerable, answerTasks } from '../processes/task.ts'
import { sampleText } from '../vendor/sample-text.ts'

const texts = new Map<string, string>()

const server = createServer((request, response) => {
  const query = new URL(request.url ?? '', 'http://localhost').searchParams
  const [seed, tokens, after] = ['seed', 'tokens', 'after'].map((name) => Number(query.get(name)))
  const text = texts.get(`${seed} ${tokens}`) ?? sampleText(seed ?? 0, tokens ?? 0)
  texts.set(`${seed} ${tokens}`, text)
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', connection: 'close' })
  response.end(`id: ${text.length}\ndata: ${JSON.stringify({ token: text.slice(after) })}\n\n`)
})

answerTasks([answerable(readPeakMemory)])
await listen(server)
