/**
 * A plain engine that is as durable as the server: on Fastify, it flushes a job to a file before it answers 202, and an answer
 * before it sends the end. It does nothing else: no checks of requests, no keys, limits, retries, other vendors or stores, views,
 * cursors, log or metrics. So it shows how near to the pipe a server can come that takes two requests a job.
 * OPENAI_BASE_URL says where the vendor is.
 */
import { randomUUID } from 'node:crypto'
import { Agent, type IncomingMessage, request as openRequest, type ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import fastify from 'fastify'
import { z } from 'zod'
import { readPeakMemory } from '../probe/memory.ts'
import { readUsage } from '../probe/usage.ts'
import { KEEP_ALIVE_MS } from '../processes/listen.ts'
import { answerable, answerTasks } from '../processes/task.ts'
import { LineFile } from './line-file.ts'

/** How long an ended job stays in memory, as at the server. */
const KEPT_MS = 60_000

const Request = z.object({ prompt: z.string(), model: z.string() })
const JobPath = z.object({ id: z.string() })

interface Job {
  readonly id: string
  readonly prompt: string
  readonly model: string
  readonly createdAt: string
  readonly readers: Set<ServerResponse>
  /** All that a reader gets, so far. */
  events: string
  text: string
  isEnded: boolean
}

const jobs = new Map<string, Job>()
const file = new LineFile('jobs.jsonl')
const vendor = new URL(`${process.env['OPENAI_BASE_URL']}/chat/completions`)
const agent = new Agent({ keepAlive: true, maxSockets: Infinity })

/** Stores a job, and begins its run once it is stored. */
async function create(body: unknown): Promise<Job> {
  const { prompt, model } = Request.parse(body)
  const createdAt = new Date().toISOString()
  const job: Job = {
    id: randomUUID(),
    prompt,
    model,
    createdAt,
    readers: new Set(),
    events: '',
    text: '',
    isEnded: false,
  }
  jobs.set(job.id, job)
  await file.commit(`${JSON.stringify({ ...viewOf(job), prompt })}\n`)
  run(job)
  return job
}

function run(job: Job): void {
  const messages = [{ role: 'user', content: job.prompt }]
  const body = JSON.stringify({ model: job.model, messages, stream: true, stream_options: { include_usage: true } })
  const headers = {
    authorization: `Bearer ${process.env['OPENAI_API_KEY']}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  openRequest(vendor, { agent, method: 'POST', headers }, (answer) => read(answer, job)).end(body)
}

function read(answer: IncomingMessage, job: Job): void {
  let rest = ''
  answer.setEncoding('utf8')
  answer.on('data', (part: string) => {
    const received = rest + part
    const framesEnd = received.lastIndexOf('\n\n') + 1
    rest = received.slice(framesEnd)
    publish(job, textsOf(received.slice(0, framesEnd)))
  })
  answer.once('end', () => void end(job))
}

/** The pieces of text in frames of the vendor. */
function textsOf(frames: string): string[] {
  return Array.from(frames.matchAll(/"content":("(?:[^"\\]|\\.)+")/g), ([, text = '""']) =>
    z.string().parse(JSON.parse(text)),
  )
}

function publish(job: Job, texts: readonly string[]): void {
  let events = ''
  for (const token of texts) {
    job.text += token
    events += `id: ${job.text.length}\ndata: ${JSON.stringify({ token })}\n\n`
  }
  job.events += events
  if (events !== '') for (const reader of job.readers) reader.write(events)
}

async function end(job: Job): Promise<void> {
  await file.append(`${JSON.stringify({ id: job.id, text: job.text, completedAt: new Date().toISOString() })}\n`)
  const last = `event: metrics\nid: end\ndata: ${JSON.stringify({ ...viewOf(job), status: 'completed' })}\n\n`
  job.events += last
  job.isEnded = true
  for (const reader of job.readers) reader.end(last)
  // A response holds its request and more, and the job stays.
  job.readers.clear()
  await setTimeout(KEPT_MS, undefined, { ref: false })
  jobs.delete(job.id)
}

function viewOf({ id, model, createdAt }: Job): object {
  return { id, status: 'pending', provider: 'openai', model, createdAt }
}

function stream(job: Job, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' })
  if (job.isEnded) return void response.end(job.events)
  response.write(job.events || ':\n\n')
  job.readers.add(response)
}

const app = fastify({ keepAliveTimeout: KEEP_ALIVE_MS })

app.post('/jobs', async ({ body, headers }, reply) => {
  const job = await create(body)
  if (headers.accept !== 'text/event-stream') return reply.code(202).send(viewOf(job))
  reply.hijack()
  stream(job, reply.raw)
})

app.get('/jobs/:id/stream', ({ params }, reply) => {
  const job = jobs.get(JobPath.parse(params).id)
  if (!job) return void reply.code(404).send()
  reply.hijack()
  stream(job, reply.raw)
})

answerTasks([answerable(readUsage), answerable(readPeakMemory)])
const url = await app.listen({ port: 0, host: '127.0.0.1', backlog: 4096 })
process.stdout.write(`listening on ${url}\n`)
