import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { StoredJob, type StoredPendingJob } from '../../src/jobs/job.ts'
import { summaryOf } from '../../src/jobs/job-summary.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { JsonFileJobRepository } from '../../src/storage/json-file/json-file-job-repository.ts'
import { openPostgresJobs } from '../../src/storage/sql/open-postgres.ts'
import { migrateSqlite, openSqliteJobs } from '../../src/storage/sql/open-sqlite.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { runSql, withPostgres } from '../support/test-postgres.ts'
import { aDoorJob } from './describe-door-jobs.ts'
import { anItem } from './describe-items.ts'
import { aJob } from './stored-job.ts'

/** Stores that servers without doors made, the jobs in them, one a line, and the item that two of the jobs refer to. */
const FIXTURES = join(import.meta.dirname, '../fixtures/before-doors')
const fixture = (name: string) => readFile(join(FIXTURES, name), 'utf8')

/** Reads everything, then stores a job of a door beside it. */
async function expectEverything(jobs: JobRepository): Promise<void> {
  const expected = (await fixture('jobs.ndjson'))
    .trim()
    .split('\n')
    .map((line) => StoredJob.parse(JSON.parse(line)))
  for (const job of expected) expect(await jobs.find(job.id)).toEqual(job)
  const byTime = expected.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
  expect(await jobs.list({ limit: 99 })).toEqual(byTime.map(summaryOf))
  expect(await jobs.findAbandoned(9)).toEqual([{ id: 'running', run: 1 }])
  expect((await jobs.findPending(9)).map(({ id }) => id)).toEqual(['waiting'])
  const ledger = { from: '2026-11-26', to: '2026-11-26', groupBy: ['owner'], limit: 9 } as const
  const sums = await jobs.sumUsage(ledger)
  expect(sums.map(({ owner, jobs, usdBillionths }) => ({ owner, jobs, usdBillionths }))).toEqual([
    { owner: 'ann', jobs: 1, usdBillionths: 500_000_000 },
    { owner: 'bob', jobs: 3, usdBillionths: 750_000_000 },
  ])
  expect(await jobs.sweepItems(Date.now() + 86_400_000, 99)).toBe(0)
  const { id, bytes } = anItem(await fixture('item'))
  expect(Buffer.from((await jobs.findItem(id)) ?? [])).toEqual(bytes)

  expect(await jobs.deleteHidden(Date.now(), 9)).toBe(0)
  expect(await jobs.replaceClient('waiting', { client: { process: 'one' } }, undefined)).toBe(true)
  const hidden = aDoorJob('hidden', { requestDigest: 'x', deleteAfter: new Date().toISOString() })
  await jobs.insert(hidden)
  expect(await jobs.findByRequest('x', 9)).toMatchObject([{ id: 'hidden' }])
  expect(await jobs.find('hidden')).toEqual(hidden)
  expect(await jobs.list({ limit: 99 })).toHaveLength(expected.length)

  expect(await jobs.findUnwatched(Date.now(), 9)).toEqual([])
  const until = '2026-11-28T10:00:00.000Z'
  const job: StoredPendingJob = {
    ...aJob('passed on'),
    fallbacks: [{ provider: 'echo', model: 'echo' }],
    waitingFor: { reason: 'overload', until },
    runState: { attempts: 1 },
    watchedUntil: until,
  }
  await jobs.insert(job)
  expect(await jobs.find('passed on')).toEqual(job)
  expect(await jobs.findUnwatched(Date.parse(until), 9)).toEqual([{ id: 'passed on' }])
  expect(await jobs.findPending(9)).toContainEqual(expect.objectContaining({ notBefore: Date.parse(until) }))
}

describe('a store of a server before doors', () => {
  it.each([
    { end: 'stopped', files: [['stopped-document', 'jobs.json']] },
    {
      end: 'killed',
      files: [
        ['killed-document', 'jobs.json'],
        ['killed-journal', 'jobs.json.journal'],
      ],
    },
  ] as const)('in a JSON file, whose server was $end, is read whole, and goes on', async ({ files }) => {
    const folder = await temporaryFolder()
    const { id } = anItem(await fixture('item'))
    await mkdir(join(folder, 'jobs.json.items'))
    for (const [from, to] of [...files, ['item', `jobs.json.items/${id}`]] as const)
      await copyFile(join(FIXTURES, from), join(folder, to))
    const jobs = await JsonFileJobRepository.open(join(folder, 'jobs.json'))
    await expectEverything(jobs)
    await jobs.close()
    expect(await readFile(join(folder, 'jobs.json'), 'utf8')).toMatch(/^\{"version":5,"removedUsage":/)
  })

  it('in SQLite is read whole, and goes on', async () => {
    const path = join(await temporaryFolder(), 'jobs.db')
    const db = new SQLite(path)
    db.exec(await fixture('sqlite.sql'))
    db.close()
    const jobs = await openSqliteJobs(path)
    await expectEverything(jobs)
    await jobs.close()
    expect(await migrateSqlite(path)).toEqual([])
  })
})

await withPostgres((newDatabase) => {
  it('a store of a server before doors in PostgreSQL is read whole, and goes on', async () => {
    const url = await newDatabase()
    await runSql(url, await fixture('postgres.sql'))
    const jobs = await openPostgresJobs(url, { logger: { info: () => {}, warn: () => {} }, shared: false })
    await expectEverything(jobs)
    await jobs.close()
  })
})
