import { setTimeout as sleep } from 'node:timers/promises'
import { type FinalJob, isFinal, type JobStatus } from '@promptlab/contract'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { storeLocation } from '../../src/storage/store-location.ts'
import { storeAt } from '../../src/stores.ts'
import { getJob, jobOf, postJob, readStream, StreamReader } from '../support/job-client.ts'
import { answerAtItsPace, textOf } from '../support/paced-answers.ts'
import { Random } from '../support/random.ts'
import { rounds, timeoutOf } from '../support/rounds.ts'
import { ServerProcess } from '../support/server-process.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath } from '../support/test-server.ts'

/** How often the server is killed. SQLite and PostgreSQL are known to survive crashes; their rounds test how we use them. */
const ROUNDS = { 'a JSON file': 40, SQLite: 10, PostgreSQL: 10 }
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)
const JOBS_PER_ROUND = 12
/** After so many rounds the server gets a new store: `pnpm test:soak` would slow down with the jobs of a whole night. */
const ROUNDS_PER_STORE = 100
/** The text that a crash may take back is no older than this. */
const CHECKPOINT_LAG_MS = 1_000

/** What the clients of one job were told, over all crashes. */
interface Witness {
  readonly id: string
  readonly prompt: string
  /** The text of the tokens that a stream sent. */
  text: string
  /** The length of the text after each token, and when the token came. */
  readonly seen: { length: number; at: number }[]
  /** The final event that a stream sent. */
  final?: string
  status: JobStatus
  killedAt?: number
}

const random = new Random(SEED)
const EVENT_OF = { completed: 'metrics', failed: 'error', cancelled: 'cancelled' } as const
const FOLLOWERS: Readonly<Record<JobStatus, readonly JobStatus[]>> = {
  pending: ['pending', 'running', 'completed', 'failed', 'cancelled'],
  running: ['running', 'completed', 'failed', 'cancelled'],
  completed: ['completed'],
  failed: ['failed'],
  cancelled: ['cancelled'],
}

describe(`a server that is killed at random moments (CRASH_SEED=${SEED})`, async () => {
  crashTest('a JSON file', newStorePath)
  crashTest('SQLite', async () => `sqlite:${await newStorePath()}`)
  await withPostgres((newDatabase) => crashTest('PostgreSQL', newDatabase))
})

function crashTest(store: keyof typeof ROUNDS, newStore: () => Promise<string>): void {
  const name = `keeps every job that it accepted, and contradicts nothing that it sent, on ${store}`
  it(name, { timeout: timeoutOf(900_000) }, () => crash(store, newStore))
}

async function crash(store: keyof typeof ROUNDS, newStore: () => Promise<string>): Promise<void> {
  const vendor = await startOpenAIVendor()
  onTestFinished(() => vendor.close())
  const calls = new Map<string, number>()
  vendor.respondWith((exchange) => answerAtItsPace(exchange, random, calls))
  const env = {
    DATABASE_URL: '',
    OPENAI_API_KEY: 'key',
    OPENAI_BASE_URL: vendor.url,
    LOG_LEVEL: 'silent',
    MAX_CONCURRENT_JOBS: '16',
  }
  const counts = { rounds: 0, acknowledged: 0, finalSeen: 0, interrupted: 0, completed: 0, cancelled: 0, lost: 0 }
  const count = Number(process.env['CRASH_ROUNDS'] ?? ROUNDS[store])
  let witnesses: Witness[] = []
  let server: (ServerProcess & { url: string }) | undefined

  for (const round of rounds(count)) {
    if (round % ROUNDS_PER_STORE === 0) {
      await server?.kill()
      env.DATABASE_URL = await newStore()
      witnesses = []
      server = undefined
    }
    server ??= await ServerProcess.start(env)
    const fresh: Witness[] = []
    const { url } = server
    const clients = Array.from({ length: JOBS_PER_ROUND }, (_, index) => useJob(url, `${round}-${index}`, fresh))
    const clientsGone = Promise.allSettled(clients)
    await sleep(random.below(1_500))
    await server.kill()
    const killedAt = performance.now()
    await clientsGone
    witnesses.push(...fresh)
    for (const witness of fresh) witness.killedAt = killedAt

    await checkStore(env.DATABASE_URL, witnesses, counts)
    server = await ServerProcess.start(env)
    for (const witness of fresh) await checkAfterRestart(server.url, witness, calls, counts)
    counts.rounds++
    counts.acknowledged += fresh.length
  }
  await server?.kill()
  process.stdout.write(`crash test on ${store}, seed ${SEED}: ${JSON.stringify(counts)}\n`)
  expect(counts.lost).toBe(0)
}

/** A client that creates a job, streams it, sometimes cancels it, and remembers what it was told until the server is killed. */
async function useJob(url: string, prompt: string, witnesses: Witness[]): Promise<void> {
  await sleep(random.below(300))
  const response = await postJob(url, { prompt, provider: 'openai', model: 'gpt-4' })
  if (response.status !== 202) throw new Error(`POST answered ${response.status}`)
  const { id, status } = await jobOf(response)
  const witness: Witness = { id, prompt, text: '', seen: [], status }
  witnesses.push(witness)
  if (random.next() < 0.2) {
    sleep(random.below(200))
      .then(() => fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' }))
      .then(jobOf)
      .then((job) => {
        witness.status = job.status
      })
      .catch(() => {})
  }
  const reader = await StreamReader.open(url, id)
  for (let frame = await reader.next(); frame; frame = await reader.next()) {
    if (frame.event !== undefined) witness.final = frame.event
    else if (frame.data !== undefined) {
      witness.text += JSON.parse(frame.data).token
      witness.seen.push({ length: witness.text.length, at: performance.now() })
    }
  }
}

/** Reads the store before the next server changes it. */
async function checkStore(url: string, witnesses: readonly Witness[], counts: { lost: number }): Promise<void> {
  const source = await storeAt(storeLocation.parse(url)).openSource({ logger: { info: () => {}, warn: () => {} } })
  const stored = new Map<string, JobStatus>()
  for await (const page of source.pages()) for (const { job } of page) stored.set(job.id, job.status)
  await source.close()
  for (const { id, status } of witnesses) {
    const found = stored.get(id)
    if (!found) counts.lost++
    else expect(FOLLOWERS[status]).toContain(found)
  }
}

async function checkAfterRestart(
  url: string,
  witness: Witness,
  calls: ReadonlyMap<string, number>,
  counts: { finalSeen: number; interrupted: number; completed: number; cancelled: number },
): Promise<void> {
  // The stream ends, whatever state the job is in now, and agrees with the record.
  const stream = await readStream(url, witness.id)
  const job = await getJob(url, witness.id)
  if (!isFinal(job)) throw new Error(`The stream of ${witness.id} ended, and its job is ${job.status}`)
  expect(stream).toMatchObject({ text: job.result, final: { event: EVENT_OF[job.status] } })
  expect(FOLLOWERS[witness.status]).toContain(job.status)
  witness.status = job.status
  expect(calls.get(witness.prompt) ?? 0).toBeLessThanOrEqual(1)

  const whole = textOf(witness.prompt)
  expect(whole.startsWith(witness.text)).toBe(true)
  expect(whole.startsWith(job.result)).toBe(true)
  if (witness.final !== undefined) {
    counts.finalSeen++
    expect(witness.final).toBe(EVENT_OF[job.status])
    expect(job.result).toBe(witness.text)
  }
  if (job.status === 'failed') {
    counts.interrupted++
    checkInterrupted(job, witness)
  } else {
    counts[job.status]++
    if (job.status === 'completed') expect(job.result).toBe(whole)
  }
}

/** The record of an interrupted job has all text that a client saw, except that of the last second. */
function checkInterrupted(job: FinalJob, { seen, killedAt = 0 }: Witness): void {
  expect(job).toMatchObject({ status: 'failed', error: { code: 'interrupted' } })
  const old = seen.filter(({ at }) => at < killedAt - CHECKPOINT_LAG_MS).at(-1)
  expect(job.result.length).toBeGreaterThanOrEqual(old?.length ?? 0)
}
