/**
 * The least that a relay can cost: a node:http proxy that pipes the vendor's bytes to the client and stores nothing.
 * VENDOR_URL says where the vendor is.
 */
import { Agent, createServer, request as openRequest } from 'node:http'
import { readLoopDelay, watchLoopDelay } from '../probe/loop-delay.ts'
import { readMemory, readPeakMemory } from '../probe/memory.ts'
import { readUsage } from '../probe/usage.ts'
import { listen } from '../processes/listen.ts'
import { answerable, answerTasks } from '../processes/task.ts'
import { isHealthCheck } from './health-check.ts'

const vendor = new URL(process.env['VENDOR_URL'] ?? '')
const agent = new Agent({ keepAlive: true, maxSockets: Infinity })

const server = createServer((request, response) => {
  if (isHealthCheck(request.url)) return void response.end('{}')
  const upstream = openRequest(
    {
      agent,
      host: vendor.hostname,
      port: vendor.port,
      method: 'POST',
      path: request.url ?? '',
      headers: request.headers,
    },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    },
  )
  upstream.once('error', () => response.destroy())
  request.pipe(upstream)
})

answerTasks([
  answerable(readUsage),
  answerable(readMemory),
  answerable(readPeakMemory),
  answerable(watchLoopDelay),
  answerable(readLoopDelay),
])
await listen(server)
