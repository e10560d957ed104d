import { setTimeout as sleep } from 'node:timers/promises'
import { isFinal } from '@promptlab/contract'
import { type BackgroundVendor, startBackgroundVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { runAtTheirPace, runsByPrompt } from '../support/background-answers.ts'
import { Cluster } from '../support/cluster.ts'
import { getJob, jobOf } from '../support/job-client.ts'
import { PLAIN } from '../support/paced-answers.ts'
import { Random } from '../support/random.ts'
import { isSoak, rounds, timeoutOf } from '../support/rounds.ts'
import { ServerProcess } from '../support/server-process.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'
import { newStorePath } from '../support/test-server.ts'
import { unlessBroken, Witness } from '../support/witness.ts'

/** How often processes are killed. `pnpm test:soak` has the whole count, `pnpm test:chaos` a sample. */
const KILLS = isSoak ? { 'a JSON file': 40, SQLite: 40, cluster: 40 } : { 'a JSON file': 2, SQLite: 1, cluster: 1 }
const SEED = Number(process.env['REJOIN_SEED'] ?? Date.now() % 1_000_000)
/** How many jobs are created for each kill: the fewer kills, the more, so that chance does not decide over `MAX_INTERRUPTED`. */
const JOBS_PER_KILL = isSoak ? 5 : 10
/** The most of all jobs that may be killed between their start and the moment when the handle is stored. Few on a quiet machine. */
const MAX_INTERRUPTED = 0.5

/** Asked only if the vendor fails three times. */
const FALLBACKS = [{ provider: 'openai', model: 'gpt-5' }]

const REFUSED: ReadonlySet<string> = new Set(['provider-rate-limited', 'provider-unavailable'])

const random = new Random(SEED)

describe(`jobs whose vendor goes on without us (REJOIN_SEED=${SEED})`, async () => {
  singleTest('a JSON file', newStorePath)
  singleTest('SQLite', async () => `sqlite:${await newStorePath()}`)
  await withPostgres((newDatabase) => {
    describeWithRedisProcess('in a cluster', () => {
      rejoinTest('cluster', async () => await startCluster(await newDatabase()))
    })
  })
})

/** Lets a vendor refuse half of all runs and a tenth of all other requests. */
function refuseSome(vendor: BackgroundVendor): void {
  vendor.refusalOf = (request) => {
    const isCreate = request === 'POST /v1/responses'
    if (random.next() > (isCreate ? 0.5 : 0.1)) return undefined
    return { status: [429, 503, 500][random.below(3)] ?? 429, retryAfterSeconds: [undefined, 0, 1][random.below(3)] }
  }
}

/** Servers whose processes can be killed. */
interface Killable {
  readonly name: string
  readonly vendor: BackgroundVendor
  /** Further fields of each job. */
  readonly more?: object
  /** Where requests go now. */
  url(): string
  /** Kills a process that runs jobs, and starts another one. */
  kill(): Promise<void>
  end(): Promise<void>
}

function singleTest(store: 'a JSON file' | 'SQLite', newStore: () => Promise<string>): void {
  rejoinTest(store, async () => await startSingle(store, await newStore()))
}

function rejoinTest(name: keyof typeof KILLS, start: () => Promise<Killable>): void {
  const kills = Number(process.env['REJOIN_KILLS'] ?? KILLS[name])
  it(`are joined again when processes are killed, on ${name}`, { timeout: timeoutOf(900_000) }, async () => {
    for (const _ of rounds(1)) await killWhileRunning(await start(), kills)
  })

  it(`wait and are passed on when the vendor refuses them, on ${name}`, { timeout: timeoutOf(900_000) }, async () => {
    const servers = await start()
    refuseSome(servers.vendor)
    await killWhileRunning({ ...servers, more: { fallbacks: FALLBACKS } }, kills)
  })
}

const BACKGROUND = { OPENAI_API: 'responses', OPENAI_BACKGROUND: 'on', MAX_CONCURRENT_JOBS: '64', LOG_LEVEL: 'silent' }

async function newVendor(): Promise<BackgroundVendor> {
  const vendor = await startBackgroundVendor()
  onTestFinished(() => vendor.close())
  runAtTheirPace(vendor, random)
  return vendor
}

async function startSingle(name: string, store: string): Promise<Killable> {
  const vendor = await newVendor()
  const env = { ...BACKGROUND, DATABASE_URL: store, OPENAI_API_KEY: 'key', OPENAI_BASE_URL: vendor.url }
  let server = await ServerProcess.start(env)
  return {
    name,
    vendor,
    url: () => server.url,
    kill: async () => {
      await server.kill()
      server = await ServerProcess.start(env)
    },
    end: () => server.kill(),
  }
}

async function startCluster(databaseUrl: string): Promise<Killable> {
  const vendor = await newVendor()
  const cluster = await Cluster.prepare(databaseUrl, { ...BACKGROUND, OPENAI_BASE_URL: vendor.url })
  const { apis, workers } = await cluster.startFour()
  const running: ServerProcess[] = [...workers]
  return {
    name: 'a cluster',
    vendor,
    url: () => apis[random.below(2)]?.url ?? '',
    kill: async () => {
      const index = random.below(running.length)
      await running[index]?.kill()
      running[index] = await cluster.start('worker')
    },
    end: () => cluster.kill(),
  }
}

async function killWhileRunning(servers: Killable, kills: number): Promise<void> {
  const { vendor } = servers
  const counts = { kills: 0, jobs: 0, completed: 0, interrupted: 0, unbought: 0, reconnects: 0, joins: 0 }
  const clients: Promise<Witness>[] = []
  for (; counts.kills < kills; counts.kills++) {
    for (let job = 0; job < JOBS_PER_KILL; job++) {
      const client = useJob(servers, `${random.next() < 0.3 ? PLAIN : 'parts'} ${counts.jobs++}`, counts)
      // A failure is reported when all clients are awaited.
      client.catch(() => {})
      clients.push(client)
    }
    await sleep(random.below(2_000))
    vendor.streamsJoined = random.next() < 0.7
    await servers.kill()
  }
  const witnesses = await Promise.all(clients)
  const runs = runsByPrompt(vendor)
  for (const witness of witnesses) await check(servers.url(), witness, runs, counts)
  counts.joins = vendor.joins.length
  process.stdout.write(`rejoin test on ${servers.name}, seed ${SEED}: ${JSON.stringify(counts)}\n`)
  expect(counts.joins).toBeGreaterThan(0)
  expect(counts.interrupted).toBeLessThanOrEqual(counts.jobs * MAX_INTERRUPTED)
  await servers.end()
}

/** A client that creates a job at a random moment, with a key, and reads both views to the end over all connections. */
async function useJob(servers: Killable, prompt: string, counts: { reconnects: number }): Promise<Witness> {
  await sleep(random.below(1_000))
  const witness = new Witness(await create(servers, prompt), prompt, 'pending')
  await witness.followToEnd(
    () => servers.url(),
    () => {
      counts.reconnects++
    },
  )
  return witness
}

async function create(servers: Killable, prompt: string): Promise<string> {
  for (;;) {
    const response = await unlessBroken(
      fetch(`${servers.url()}/jobs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': encodeURIComponent(prompt) },
        body: JSON.stringify({ provider: 'openai', model: 'gpt-4', prompt, ...servers.more }),
      }),
    )
    if (response?.ok) return (await jobOf(response)).id
    expect(response?.status ?? 503).toBe(503)
    await sleep(50)
  }
}

async function check(
  url: string,
  witness: Witness,
  runs: ReadonlyMap<string, number>,
  counts: { completed: number; interrupted: number; unbought: number },
): Promise<void> {
  const job = await getJob(url, witness.id)
  if (!isFinal(job)) throw new Error(`The streams of ${witness.id} ended, and its job is ${job.status}`)
  const bought = runs.get(witness.prompt) ?? 0
  expect(bought).toBeLessThanOrEqual(1)
  const { attempts, calls = [] } = job.metrics
  // The vendor refused all calls but one.
  expect(calls.filter(({ endedBecause = '' }) => !REFUSED.has(endedBecause)).length).toBeLessThanOrEqual(1)
  if (!('fallbacks' in job)) expect(attempts).toBeLessThanOrEqual(1)
  if (job.status === 'completed') expect(calls).toHaveLength(attempts)
  for (const { name, units, end } of witness.views) {
    expect(end).toBe(job.status)
    // Nothing is published before the handle is stored, and with that no job is interrupted.
    expect(units).toEqual(job.status === 'completed' ? witness.wholeOf(name) : [])
  }
  if (job.status === 'completed') counts.completed++
  else {
    expect(job).toMatchObject({ status: 'failed', error: { code: 'interrupted' } })
    counts.interrupted++
    if (bought === 0) counts.unbought++
  }
}
