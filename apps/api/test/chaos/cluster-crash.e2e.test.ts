import { setTimeout as sleep } from 'node:timers/promises'
import { isFinal } from '@promptlab/contract'
import { expect, it } from 'vitest'
import { type AskedJob, expectWholeInput, randomJob } from '../support/asked-jobs.ts'
import { Cluster } from '../support/cluster.ts'
import { getJob, jobOf } from '../support/job-client.ts'
import { answerAtItsPace } from '../support/paced-answers.ts'
import { Random } from '../support/random.ts'
import { rounds, timeoutOf } from '../support/rounds.ts'
import type { ServerProcess } from '../support/server-process.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'
import { unlessBroken, Witness } from '../support/witness.ts'

const JOBS = Number(process.env['CLUSTER_JOBS'] ?? 200)
const SEED = Number(process.env['CLUSTER_SEED'] ?? Date.now() % 1_000_000)
const CLIENTS = 25
const KILLS = 5
/** After this many kills of workers, Redis is restarted. */
const REDIS_RESTART_AT = 2
/** After this many kills of workers, a process that takes requests is killed too. */
const API_KILL_AT = 4
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
  const asked = new Map<string, AskedJob>()
  cluster.vendor.respondWith((exchange) => {
    expectWholeInput(exchange, asked)
    return answerAtItsPace(exchange, random, calls)
  })
  const { apis, workers } = await cluster.startFour()
  const counts = { jobs: 0, completed: 0, interrupted: 0, reconnects: 0, refused: 0, kills: 0, redisRestarts: 0 }
  const urls = apis.map(({ url }) => url)
  const client = new ClusterClient(urls, counts)

  const names = Array.from({ length: JOBS }, (_, index) => String(index))
  const witnesses: Witness[] = []
  const clients = Array.from({ length: CLIENTS }, async () => {
    for (let name = names.pop(); name !== undefined; name = names.pop()) {
      const job = randomJob(name, random, witnesses)
      asked.set(job.prompt, job)
      witnesses.push(await client.useJob(job))
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

  async useJob(job: AskedJob): Promise<Witness> {
    const witness = new Witness(await this.#create(job), job.prompt, 'pending', job.previous)
    const onReconnect = () => {
      this.#counts.reconnects++
    }
    await witness.followToEnd(() => this.#url, onReconnect)
    return witness
  }

  async #create({ prompt, body }: AskedJob): Promise<string> {
    for (;;) {
      const response = await unlessBroken(
        fetch(`${this.#url}/jobs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': encodeURIComponent(prompt) },
          body: JSON.stringify(body),
        }),
      )
      if (response?.ok) return (await jobOf(response)).id
      expect(response?.status ?? 503).toBe(503)
      this.#counts.refused++
      await sleep(100)
    }
  }

  get #url(): string {
    const url = this.#urls[random.below(this.#urls.length)]
    if (url === undefined) throw new Error('There is no server')
    return url
  }
}

async function check(
  urls: readonly string[],
  witness: Witness,
  calls: ReadonlyMap<string, number>,
  counts: { completed: number; interrupted: number },
): Promise<void> {
  const [url = ''] = urls
  const job = await getJob(url, witness.id)
  if (!isFinal(job)) throw new Error(`The streams of ${witness.id} ended, and its job is ${job.status}`)
  witness.expectExact()
  const stored = new Witness(witness.id, witness.prompt, job.status)
  await stored.follow(url)
  for (const [index, { name, units, end }] of witness.views.entries()) {
    expect(end).toBe(job.status)
    const recorded = stored.views[index]?.units ?? []
    // The record of a job whose worker was killed may lack the pieces since its last checkpoint, never its streams.
    expect(units.slice(0, recorded.length)).toEqual(recorded)
    if (job.status === 'completed') expect([units, recorded]).toEqual([witness.wholeOf(name), witness.wholeOf(name)])
  }
  expect(calls.get(witness.prompt) ?? 0).toBeLessThanOrEqual(1)
  counts[job.status === 'completed' ? 'completed' : 'interrupted']++
  if (job.status !== 'completed') expect(job).toMatchObject({ status: 'failed', error: { code: 'interrupted' } })
}
