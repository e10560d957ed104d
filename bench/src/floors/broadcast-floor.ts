/** The least that many readers can cost: a plain node:http server that keeps their responses and writes each frame to all. */
import { createServer } from 'node:http'
import { readLoopDelay, watchLoopDelay } from '../probe/loop-delay.ts'
import { readMemory, readPeakMemory } from '../probe/memory.ts'
import { readUsage } from '../probe/usage.ts'
import { listen } from '../processes/listen.ts'
import { answerable, answerTasks } from '../processes/task.ts'
import { broadcast, readers } from './broadcast.ts'
import { isHealthCheck } from './health-check.ts'

const server = createServer(({ url }, response) => {
  if (isHealthCheck(url)) return void response.end('{}')
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache, no-transform',
    connection: 'close',
  })
  response.write('retry: 2000\n\n')
  readers.add(response)
  response.once('close', () => readers.delete(response))
})

answerTasks([
  answerable(broadcast),
  answerable(readUsage),
  answerable(readMemory),
  answerable(readPeakMemory),
  answerable(watchLoopDelay),
  answerable(readLoopDelay),
])
await listen(server)
