import { setTimeout as sleep } from 'node:timers/promises'
import { type AnyStreamEvent, isFinal, type JobStatus, type StreamView } from '@promptlab/contract'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { answerLength, type StoredAnswer } from '../../src/jobs/answer/stored-answer.ts'
import { decodeTape, entriesOf } from '../../src/jobs/answer/tape.ts'
import type { StoredFinalJob, StoredJob } from '../../src/jobs/job.ts'
import { StoredReplay } from '../../src/jobs/read/stored-events.ts'
import type { View } from '../../src/jobs/views/view.ts'
import { VIEWS } from '../../src/jobs/views/views.ts'
import { storeLocation } from '../../src/storage/store-location.ts'
import { storeAt } from '../../src/stores.ts'
import { expectFullView, expectTextView } from '../contracts/describe-view.ts'
import { type AskedJob, expectWholeInput, randomJob } from '../support/asked-jobs.ts'
import { createJob, getJob, jobOf } from '../support/job-client.ts'
import { answerAtItsPace } from '../support/paced-answers.ts'
import { Random } from '../support/random.ts'
import { textOfUnits, unitsOfEvents } from '../support/random-answer.ts'
import { rounds, timeoutOf } from '../support/rounds.ts'
import { ServerProcess } from '../support/server-process.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath } from '../support/test-server.ts'
import { unlessBroken, Witness } from '../support/witness.ts'

/** How often the server is killed. SQLite and PostgreSQL are known to survive crashes; their rounds test how we use them. */
const ROUNDS = { 'a JSON file': 40, SQLite: 10, PostgreSQL: 10 }
const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)
const JOBS_PER_ROUND = 12
/** After so many rounds the server gets a new store: `pnpm test:soak` would slow down with the jobs of a whole night. */
const ROUNDS_PER_STORE = 100
/** The text that a crash may take back is no older than this. */
const CHECKPOINT_LAG_MS = 1_000

const random = new Random(SEED)
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
  const asked = new Map<string, AskedJob>()
  vendor.respondWith((exchange) => {
    expectWholeInput(exchange, asked)
    return answerAtItsPace(exchange, random, calls)
  })
  const env = {
    DATABASE_URL: '',
    OPENAI_API_KEY: 'key',
    OPENAI_BASE_URL: vendor.url,
    LOG_LEVEL: 'silent',
    MAX_CONCURRENT_JOBS: '16',
  }
  const counts = {
    rounds: 0,
    acknowledged: 0,
    finalSeen: 0,
    interrupted: 0,
    completed: 0,
    cancelled: 0,
    lost: 0,
    views: 0,
  }
  const count = Number(process.env['CRASH_ROUNDS'] ?? ROUNDS[store])
  let witnesses: Witness[] = []
  let server: (ServerProcess & { url: string }) | undefined
  let checked = new Set<string>()

  for (const round of rounds(count)) {
    if (round % ROUNDS_PER_STORE === 0) {
      await server?.kill()
      env.DATABASE_URL = await newStore()
      witnesses = []
      checked = new Set()
      server = undefined
    }
    server ??= await ServerProcess.start(env)
    const fresh: Witness[] = []
    const { url } = server
    const clients = Array.from({ length: JOBS_PER_ROUND }, (_, index) => {
      const job = randomJob(`${round}-${index}`, random, witnesses)
      asked.set(job.prompt, job)
      return unlessBroken(useJob(url, job, fresh))
    })
    const clientsGone = Promise.all(clients)
    await sleep(random.below(1_500))
    await server.kill()
    const killedAt = performance.now()
    await clientsGone
    witnesses.push(...fresh)
    for (const witness of fresh) witness.killedAt = killedAt

    await checkStore(env.DATABASE_URL, witnesses, checked, counts)
    server = await ServerProcess.start(env)
    for (const witness of fresh) await checkAfterRestart(server.url, witness, calls, counts)
    counts.rounds++
    counts.acknowledged += fresh.length
  }
  await server?.kill()
  await checkStore(env.DATABASE_URL, witnesses, checked, counts)
  process.stdout.write(`crash test on ${store}, seed ${SEED}: ${JSON.stringify(counts)}\n`)
  expect(counts.lost).toBe(0)
}

/** A client that creates a job, reads both views, sometimes cancels it, and remembers what it was told until the server is killed. */
async function useJob(url: string, { prompt, body, previous }: AskedJob, witnesses: Witness[]): Promise<void> {
  await sleep(random.below(300))
  const { id, status } = await createJob(url, body)
  const witness = new Witness(id, prompt, status, previous)
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
  await witness.follow(url)
}

/** Reads the store before the next server changes it. */
async function checkStore(
  url: string,
  witnesses: readonly Witness[],
  checked: Set<string>,
  counts: { lost: number; views: number },
): Promise<void> {
  const source = await storeAt(storeLocation.parse(url)).openSource({ logger: { info: () => {}, warn: () => {} } })
  const stored = new Map<string, StoredJob>()
  for await (const page of source.pages()) for (const { job } of page) stored.set(job.id, job)
  await source.close()
  for (const witness of witnesses) {
    const job = stored.get(witness.id)
    if (!job) counts.lost++
    else expect(FOLLOWERS[witness.status]).toContain(job.status)
    if (!job || job.status === 'pending' || checked.has(job.id)) continue
    expectConsistent(job, witness)
    if (!isFinal(job)) continue
    checked.add(job.id)
    counts.views++
    await expectFullView((view, after) => replayed(job, view, after), unitsOfAnswer(job))
    await expectTextView((view, after) => replayed(job, view, after), job.result)
  }
}

/** The record has the beginning of the whole answer, and its tape has the length of each of its pieces. */
function expectConsistent(job: StoredAnswer, witness: Witness): void {
  const units = unitsOfAnswer(job)
  expect(units).toEqual(witness.wholeOf('full').slice(0, units.length))
  expect(answerLength(job)).toBe(units.length)
  expect(textOfUnits(units)).toBe(job.result)
  const lengths = [...entriesOf(decodeTape(job.tape ?? ''))].map(({ length }) => length)
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(units.length)
}

function unitsOfAnswer(answer: StoredAnswer): string[] {
  const events: AnyStreamEvent[] = []
  for (const piece of VIEWS.full.replay(answer, 0)) VIEWS.full.addEvents(events, piece)
  return unitsOfEvents(events)
}

function replayed(job: StoredFinalJob, view: View, after: number): AnyStreamEvent[] {
  const replay = new StoredReplay(job, view, after)
  const events: AnyStreamEvent[] = []
  while (!replay.isDone) events.push(...replay.read())
  return events
}

async function checkAfterRestart(
  url: string,
  witness: Witness,
  calls: ReadonlyMap<string, number>,
  counts: { finalSeen: number; interrupted: number; completed: number; cancelled: number },
): Promise<void> {
  const told = witness.views.map(({ name, units, seen, end }) => ({ name, length: units.length, seen: [...seen], end }))
  // Each stream goes on where it was, and ends, whatever state the job is in now.
  await Promise.all(witness.views.map((view) => view.end ?? view.follow(url, witness.id)))
  const job = await getJob(url, witness.id)
  if (!isFinal(job)) throw new Error(`The streams of ${witness.id} ended, and its job is ${job.status}`)
  expect(FOLLOWERS[witness.status]).toContain(job.status)
  witness.status = job.status
  expect(calls.get(witness.prompt) ?? 0).toBeLessThanOrEqual(1)

  witness.expectExact()
  for (const { name, end, units } of witness.views) {
    expect(end).toBe(job.status)
    if (job.status === 'completed') expect(units).toEqual(witness.wholeOf(name))
  }
  counts[job.status === 'failed' ? 'interrupted' : job.status]++
  if (told.some(({ end }) => end)) counts.finalSeen++
  if (job.status === 'failed') expect(job).toMatchObject({ error: { code: 'interrupted' } })
  for (const view of told) await checkStored(url, witness, view)
}

/** What the record has of a view. A crash may take back what is younger than a second, and nothing after the last event. */
async function checkStored(
  url: string,
  { id, prompt, killedAt }: Witness,
  told: { name: StreamView; length: number; seen: Witness['views'][number]['seen']; end: unknown },
): Promise<void> {
  const stored = new Witness(id, prompt, 'pending').views.find(({ name }) => name === told.name)
  await stored?.follow(url, id)
  const length = stored?.units.length
  if (told.end) expect(length).toBe(told.length)
  const old = told.seen.filter(({ at }) => at < killedAt - CHECKPOINT_LAG_MS).at(-1)
  expect(length).toBeGreaterThanOrEqual(old?.length ?? 0)
}
