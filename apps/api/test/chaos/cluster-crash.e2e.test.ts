import { setTimeout as sleep } from 'node:timers/promises'
import { isFinal, type JobStatus } from '@promptlab/contract'
import { expect, it } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { getJob, jobOf, StreamReader } from '../support/job-client.ts'
import { answerAtItsPace, textOf } from '../support/paced-answers.ts'
import { Random } from '../support/random.ts'
import { rounds, timeoutOf } from '../support/rounds.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'

const JOBS = Number(process.env['CLUSTER_JOBS'] ?? 200)
const SEED = Number(process.env['CLUSTER_SEED'] ?? Date.now() % 1_000_000)
const CLIENTS = 25
const KILLS = 5
/** After this many kills of workers, Redis is restarted. */
const REDIS_RESTART_AT = 2
/** After this many kills of workers, a process that takes requests is killed too. */
const API_KILL_AT = 4
const EVENT_OF = { metrics: 'completed', error: 'failed', cancelled: 'cancelled' } as const

/** What the client of one job was told. */
interface Witness {
  readonly id: string
  readonly prompt: string
  text: string
  status?: JobStatus
}

const random = new Random(SEED)

await withPostgres((newDatabase) => {
  describeWithRedisProcess(`a cluster whose processes are killed at random (CLUSTER_SEED=${SEED})`, () => {
    it('ends every job once, and contradicts nothing that it sent', { timeout: timeoutOf(180_000) }, async () => {
      for (const _ of rounds(1)) await crashCluster(await newDatabase())
    })
  })
})

async function crashCluster(databaseUrl: string): Promise<void> {
  const cluster = await Cluster.prepare(databaseUrl, { MAX_CONCURRENT_JOBS: '16', LOG_LEVEL: 'error' })
  const calls = new Map<string, number>()
  cluster.vendor.respondWith((exchange) => answerAtItsPace(exchange, random, calls))
  const { apis, workers } = await cluster.startFour()
  const counts = { jobs: 0, completed: 0, interrupted: 0, reconnects: 0, refused: 0, kills: 0, redisRestarts: 0 }
  const urls = apis.map(({ url }) => url)
  const client = new ClusterClient(urls, counts)

  const prompts = Array.from({ length: JOBS }, (_, index) => `job ${index}`)
  const witnesses: Witness[] = []
  const clients = Array.from({ length: CLIENTS }, async () => {
    for (let prompt = prompts.pop(); prompt !== undefined; prompt = prompts.pop()) {
      witnesses.push(await client.useJob(prompt))
    }
  })
  const used = Promise.all(clients)
  await disturb(cluster, [...workers], counts, async () => {
    await apis[1].kill()
    urls[1] = (await cluster.start('api')).url
  })
  await used

  for (const witness of witnesses) await check(urls, witness, calls, counts)
  counts.jobs = witnesses.length
  process.stdout.write(`cluster crash test, seed ${SEED}: ${JSON.stringify(counts)}\n`)
  expect(counts).toMatchObject({ jobs: JOBS, kills: KILLS, redisRestarts: 1 })
  expect(counts.completed).toBeGreaterThan(0)
  await cluster.kill()
}

/** Kills workers at random moments and starts others in their place; restarts Redis and another process once. */
async function disturb(
  cluster: Cluster,
  workers: ServerProcess[],
  counts: { kills: number; redisRestarts: number },
  restartApi: () => Promise<void>,
): Promise<void> {
  while (counts.kills < KILLS) {
    await sleep(300 + random.below(1_500))
    const index = random.below(workers.length)
    await workers[index]?.kill()
    counts.kills++
    if (counts.kills === REDIS_RESTART_AT) {
      await cluster.redis.kill()
      await sleep(random.below(500))
      await cluster.redis.startAgain()
      counts.redisRestarts++
    }
    if (counts.kills === API_KILL_AT) await restartApi()
    workers[index] = await cluster.start('worker')
  }
}

/** A client as it should be: it sends an idempotency key with each job, and reconnects when a stream breaks off. */
class ClusterClient {
  readonly #urls: readonly string[]
  readonly #counts: { reconnects: number; refused: number }

  constructor(urls: readonly string[], counts: { reconnects: number; refused: number }) {
    this.#urls = urls
    this.#counts = counts
  }

  async useJob(prompt: string): Promise<Witness> {
    const witness: Witness = { id: await this.#create(prompt), prompt, text: '' }
    while (witness.status === undefined) {
      await unlessBroken(this.#follow(witness))
      if (witness.status === undefined) {
        this.#counts.reconnects++
        await sleep(50)
      }
    }
    return witness
  }

  async #create(prompt: string): Promise<string> {
    for (;;) {
      const response = await unlessBroken(
        fetch(`${this.#url}/jobs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': encodeURIComponent(prompt) },
          body: JSON.stringify({ prompt, provider: 'openai', model: 'gpt-4' }),
        }),
      )
      if (response?.ok) return (await jobOf(response)).id
      expect(response?.status ?? 503).toBe(503)
      this.#counts.refused++
      await sleep(100)
    }
  }

  /** Reads from the witness's cursor to the end of the response, and checks each event against the text so far. */
  async #follow(witness: Witness): Promise<void> {
    const reader = await StreamReader.open(this.#url, witness.id, { after: witness.text.length })
    for (let frame = await reader.next(); frame; frame = await reader.next()) {
      if (frame.data === undefined) continue
      expect(witness.status).toBeUndefined()
      if (frame.event === undefined) {
        witness.text += JSON.parse(frame.data).token
        // Each token comes once, at its place.
        expect(frame.id).toBe(String(witness.text.length))
      } else if (frame.event === 'metrics' || frame.event === 'error' || frame.event === 'cancelled') {
        witness.status = EVENT_OF[frame.event]
      }
    }
  }

  get #url(): string {
    const url = this.#urls[random.below(this.#urls.length)]
    if (url === undefined) throw new Error('There is no server')
    return url
  }
}

/** `undefined` for a connection that broke, after which the client tries again. Any other error fails the test. */
async function unlessBroken<Result>(work: Promise<Result>): Promise<Result | undefined> {
  try {
    return await work
  } catch (error) {
    // `fetch` reports a broken connection as a TypeError.
    if (error instanceof TypeError) return undefined
    throw error
  }
}

async function check(
  urls: readonly string[],
  { id, prompt, text, status }: Witness,
  calls: ReadonlyMap<string, number>,
  counts: { completed: number; interrupted: number },
): Promise<void> {
  const job = await getJob(urls[0] ?? '', id)
  if (!isFinal(job)) throw new Error(`The stream of ${id} ended, and its job is ${job.status}`)
  expect(job.status).toBe(status)
  const whole = textOf(prompt)
  expect(whole.startsWith(text)).toBe(true)
  // The record of a job whose worker was killed may lack the text since its last checkpoint, never its streams.
  expect(text.startsWith(job.result)).toBe(true)
  expect(calls.get(prompt) ?? 0).toBeLessThanOrEqual(1)
  if (job.status === 'completed') {
    counts.completed++
    expect([text, job.result]).toEqual([whole, whole])
  } else {
    counts.interrupted++
    expect(job).toMatchObject({ status: 'failed', error: { code: 'interrupted' } })
  }
}
