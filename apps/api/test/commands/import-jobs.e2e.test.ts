import { existsSync } from 'node:fs'
import { copyFile, cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Job } from '@promptlab/contract'
import SQLite from 'better-sqlite3'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { finishJob, type StoredJob, type StoredPendingJob, startJob } from '../../src/jobs/job.ts'
import { summaryOf } from '../../src/jobs/job-summary.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { JsonFileJobRepository } from '../../src/storage/json-file/json-file-job-repository.ts'
import { storeLocation } from '../../src/storage/store-location.ts'
import { storeAt } from '../../src/stores.ts'
import { aJobWith, anItem } from '../contracts/describe-items.ts'
import { GrowingJob } from '../contracts/growing-job.ts'
import { aJob } from '../contracts/stored-job.ts'
import { programArguments, ServerProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { withPostgres } from '../support/test-postgres.ts'

const ITEMS = ['first '.repeat(400), 'second '.repeat(10_000)].map(anItem)
const CREATED_AT = Date.parse('2026-01-02T03:04:05.678Z')
const logger = { info: () => {}, warn: () => {} }

const startImport = (from: string, to: string) =>
  ServerProcess.spawnNode(programArguments('import-jobs', '--from', from, '--to', to))

async function runImport(from: string, to: string): Promise<{ code: unknown; output: string }> {
  const process = await startImport(from, to)
  return { code: await process.exit(), output: process.output }
}

async function open(url: string): Promise<JobRepository> {
  const jobs = await storeAt(storeLocation.parse(url)).open({ logger, shared: false })
  onTestFinished(() => jobs.close())
  return jobs
}

const TOLD = {
  webhook: { url: 'https://example.com/' },
  deliveries: [{ id: 'msg_1', to: 'job' as const, status: 'waiting' as const, attempts: [] }],
  notifyAt: '2026-11-27T10:00:00.000Z',
}
const BUDGET = {
  owner: 'alice',
  limits: [{ period: 'day', from: '2026-11-27', to: '2026-11-27', billionths: 9 }],
} as const

/** A job in each state, with texts that are hard to store, and one with an owner and an idempotency key. */
async function fillWithEverything(jobs: JobRepository): Promise<StoredJob[]> {
  const waiting: StoredPendingJob = {
    ...aJob('waiting', CREATED_AT + 1),
    owner: 'alice',
    door: { name: 'openai-responses', echo: { user: 'alice' } },
    requestDigest: 'digest',
    client: { process: 'one' },
    carries: [{ message: 0, part: 0, provider: 'openai', json: '"x"' }],
    fallbacks: [{ provider: 'echo', model: 'echo' }],
    waitingFor: { reason: 'overload' as const, until: '2026-11-27T10:00:00.000Z' },
    runState: { attempts: 1 },
    watchedUntil: '2026-11-27T10:00:00.000Z',
    maxCostUsd: 0.5,
    rerunOf: 'first',
    forkOf: { jobId: 'second', at: 3 },
    reserved: 7,
    ...TOLD,
  }
  await jobs.insert(waiting, { key: 'order 1', fingerprint: 'x' })
  const running = new GrowingJob(startJob(aJob('running', CREATED_AT + 2), CREATED_AT + 3))
  await jobs.insert(running.now)
  await jobs.checkpoint([running.say('so \0 ').checkpoint])
  await jobs.checkpoint([running.confirm().say('far \ud83d', { type: 'reasoning', text: '', carry: 'x' }).checkpoint])
  await jobs.storeItems(ITEMS)
  // Before the job that it goes on with, in the order of lists.
  const turn = { ...aJobWith('turn', ITEMS, 'alice'), createdAt: new Date(CREATED_AT - 1).toISOString() }
  const behind = { ...turn, previousJobId: 'waiting' }
  await jobs.insert(behind)
  const expected: StoredJob[] = [waiting, running.now, behind]
  const error = { code: 'provider-auth', message: 'No', retryable: false } as const
  for (const outcome of [{ status: 'completed' }, { status: 'failed', error }, { status: 'cancelled' }] as const) {
    const job = startJob({ ...aJob(outcome.status, CREATED_AT), ...TOLD }, CREATED_AT)
    const ended = finishJob(job, { ...job, result: `text of ${job.id} 🙂` }, outcome, CREATED_AT + 9)
    await jobs.insert(job)
    await jobs.replace(ended, { status: 'running', run: 1 })
    expected.push(ended)
  }
  return expected
}

async function expectEverything(url: string, expected: readonly StoredJob[]): Promise<void> {
  const jobs = await open(url)
  for (const job of expected) expect(await jobs.find(job.id)).toEqual(job)
  expect(await jobs.list({ limit: 99 })).toEqual(
    expected.toSorted((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? 1 : -1)).map(summaryOf),
  )
  for (const { id, bytes } of ITEMS) expect(Buffer.from((await jobs.findItem(id)) ?? []).equals(bytes)).toBe(true)
  expect(await jobs.countStoredBytes('alice')).toBe(ITEMS.reduce((sum, { bytes }) => sum + bytes.length, 0))
  expect(await jobs.findAbandoned(9)).toEqual([{ id: 'running', run: 1 }])
  expect(await jobs.readBudget(BUDGET)).toMatchObject([{ spent: 0, reserved: 7 }])
  const untold = await jobs.findUntold(Date.parse(TOLD.notifyAt), 9)
  expect(untold.map(({ id }) => id)).toEqual(['cancelled', 'completed', 'failed'])
  const changed = await jobs.findChanged({ limit: 99, after: { updatedAt: new Date(0).toISOString(), id: '' } })
  expect(changed).toHaveLength(expected.length)
  expect(await jobs.findByIdempotencyKey('order 1', CREATED_AT + 2)).toEqual({ job: expected[0], fingerprint: 'x' })
  await jobs.close()
}

const manyJobs = (count: number) =>
  Array.from({ length: count }, (_, index) => ({
    ...aJob(`job-${index}`, CREATED_AT + index),
    prompt: 'x'.repeat(2_000),
  }))

async function writeJobsFile(path: string, jobs: readonly Job[]): Promise<void> {
  await writeFile(path, `{"version":1,"jobs":[\n${jobs.map((job) => JSON.stringify(job)).join(',\n')}\n]}\n`)
}

/** How many jobs an SQLite file has that another process may be creating. */
function countStored(file: string): number {
  if (!existsSync(file)) return 0
  const target = new SQLite(file, { readonly: true })
  try {
    const isMade = target.prepare(`select 1 from sqlite_master where name = 'jobs'`).get()
    return isMade ? Number(target.prepare('select count(*) from jobs').pluck().get()) : 0
  } finally {
    target.close()
  }
}

describe('pnpm import-jobs', () => {
  it('copies all jobs of jobs.json and of its journal after a crash, and changes neither file', async () => {
    const folder = await temporaryFolder()
    const [from, to] = [join(folder, 'jobs.json'), `sqlite:${join(folder, 'jobs.db')}`]
    const jobs = await open(from)
    const expected = await fillWithEverything(jobs)
    await jobs.close()
    const later = { ...aJob('later', CREATED_AT + 5), prompt: 'line\u2028\r\n\u0085' }
    const changes = [{ ...expected[5], id: 'removed' }, later, { id: 'removed', removed: true }]
    await writeFile(`${from}.journal`, `${changes.map((change) => JSON.stringify(change)).join('\n')}\n{"cut`)
    const before = [await readFile(from), await readFile(`${from}.journal`)]

    const { code, output } = await runImport(from, to)
    expect(output).toMatch(/^All 7 jobs of .*jobs\.json are in .*jobs\.db\. .* is unchanged\.\n$/)
    expect(code).toBe(0)
    expect([await readFile(from), await readFile(`${from}.journal`)]).toEqual(before)
    await expectEverything(to, [...expected, later])
  })

  it.each([
    ['as the server wrote it', (text: string) => text],
    ['reformatted', (text: string) => JSON.stringify(JSON.parse(text), null, 2)],
  ])('copies the jobs of a jobs.json that names a journal, %s', async (_, edit) => {
    const folder = await temporaryFolder()
    const [from, to] = [join(folder, 'jobs.json'), `sqlite:${join(folder, 'jobs.db')}`]
    const running = join(folder, 'running.json')
    // The first job is in jobs.json, and the others are in the journal.
    const first = await JsonFileJobRepository.open(running)
    await first.insert({ ...aJob('first', CREATED_AT + 6), prompt: 'x'.repeat(70_000) })
    await first.close()
    const jobs = await JsonFileJobRepository.open(running)
    onTestFinished(() => jobs.close())
    const expected = [...(await fillWithEverything(jobs)), await jobs.find('first')].filter((job) => job !== undefined)
    // As after a crash.
    await writeFile(from, edit(await readFile(running, 'utf8')))
    await copyFile(`${running}.journal`, `${from}.journal`)
    await cp(`${running}.items`, `${from}.items`, { recursive: true })

    expect(await runImport(from, to)).toMatchObject({ code: 0, output: expect.stringMatching(/^All 7 jobs/) })
    await expectEverything(to, expected)
    await rm(`${from}.journal`)
    expect((await runImport(from, `${to}2`)).output).toMatch(/^The journal .*jobs\.json\.journal .*it is missing/)
  })

  it('reads a jobs.json that was reformatted', async () => {
    const folder = await temporaryFolder()
    const [from, to] = [join(folder, 'jobs.json'), `sqlite:${join(folder, 'jobs.db')}`]
    await writeFile(from, JSON.stringify({ version: 1, jobs: [aJob('a'), aJob('b')] }, null, 2))
    expect(await runImport(from, to)).toMatchObject({ code: 0, output: expect.stringMatching(/^All 2 jobs/) })
  })

  it('resumes after it was killed; until it has finished, the server and other imports refuse the target', {
    timeout: 120_000,
  }, async () => {
    const folder = await temporaryFolder()
    const [from, file] = [join(folder, 'jobs.json'), join(folder, 'jobs.db')]
    const to = `sqlite:${file}`
    const jobs = manyJobs(4_000)
    await writeJobsFile(from, jobs)
    const first = await startImport(from, to)
    await vi.waitUntil(() => countStored(file) > 0, { timeout: 20_000, interval: 5 })
    await first.kill()
    expect(countStored(file)).toBeLessThan(jobs.length)

    const server = await ServerProcess.spawn({ DATABASE_URL: to })
    expect(await server.exit()).toBe(1)
    expect(server.output).toMatch(/^The import of .*jobs\.json into this job store was not finished/)
    const other = join(folder, 'other.json')
    await writeJobsFile(other, [aJob('a')])
    expect((await runImport(other, to)).output).toMatch(/^The target has a part of the jobs of .*jobs\.json/)

    expect(await runImport(from, to)).toMatchObject({ code: 0, output: expect.stringMatching(/^All 4000 jobs/) })
    expect((await runImport(from, to)).output).toMatch(/^The target has 4000 jobs already/)
    const stored = await open(to)
    for (const index of [0, 2_000, 3_999]) expect(await stored.find(`job-${index}`)).toEqual(jobs[index])
  })

  it('refuses a missing, used, damaged or unsuitable store, and says why', async () => {
    const folder = await temporaryFolder()
    const [from, to] = [join(folder, 'jobs.json'), `sqlite:${join(folder, 'jobs.db')}`]
    expect(await runImport(from, to)).toMatchObject({
      code: 1,
      output: expect.stringMatching(/^There is no job store/),
    })
    const jobs = await open(from)
    expect((await runImport(from, to)).output).toMatch(/^The job store .*jobs\.json is in use by process/)
    await jobs.close()
    expect((await runImport(from, from)).output).toMatch(/^--from and --to name the same store/)
    expect((await runImport(from, join(folder, 'other.json'))).output).toMatch(/not a JSON file/)
    expect((await runImport(from, 'mysql://me:secret@host/db')).output).not.toContain('secret')

    await writeFile(from, `{"version":1,"jobs":[\n${JSON.stringify(aJob('a'))},\n{"id":"b"}\n]}\n`)
    expect((await runImport(from, to)).output).toMatch(/jobs\.json is damaged: line 3/)
    const target = await open(to)
    expect(await target.list({ limit: 9 })).toEqual([])
  })
})

await withPostgres((newDatabase) => {
  it('copies between SQLite and PostgreSQL, in either direction', async () => {
    const folder = await temporaryFolder()
    const [first, second] = [`sqlite:${join(folder, 'first.db')}`, `sqlite:${join(folder, 'second.db')}`]
    const postgres = await newDatabase()
    const jobs = await open(first)
    const expected = await fillWithEverything(jobs)
    await jobs.close()
    for (const [from, to] of [
      [first, postgres],
      [postgres, second],
    ] as const) {
      expect(await runImport(from, to)).toMatchObject({ code: 0, output: expect.stringMatching(/^All 6 jobs/) })
      await expectEverything(to, expected)
    }
  })
})
