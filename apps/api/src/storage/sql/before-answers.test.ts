import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { expect, it } from 'vitest'
import { GrowingJob } from '../../../test/contracts/growing-job.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { runSql, withPostgres } from '../../../test/support/test-postgres.ts'
import { StoredJob, startJob } from '../../jobs/job.ts'
import { summaryOf } from '../../jobs/job-summary.ts'
import type { JobRepository } from '../../jobs/ports/job-repository.ts'
import { openPostgresJobs } from './open-postgres.ts'
import { migrateSqlite, openSqliteJobs } from './open-sqlite.ts'

/** Dumps of databases that servers without parts, tapes and items made, and the jobs in them, one a line. */
const FIXTURES = join(import.meta.dirname, '../../../test/fixtures/before-answers')
const fixture = (name: string) => readFile(join(FIXTURES, name), 'utf8')

async function expectedJobs(): Promise<StoredJob[]> {
  const lines = (await fixture('jobs.ndjson')).trim().split('\n')
  return lines.map((line) => StoredJob.parse(JSON.parse(line)))
}

/** Reads every job, then goes on with those that had not ended. */
async function expectEverything(jobs: JobRepository): Promise<void> {
  const expected = await expectedJobs()
  for (const job of expected) expect(await jobs.find(job.id)).toEqual(job)
  const byTime = expected.toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
  expect(await jobs.list({ limit: 99 })).toEqual(byTime.map(summaryOf))
  const [waiting, running] = expected
  if (waiting?.status !== 'pending' || running?.status !== 'running') throw new Error('the fixture has other jobs')
  expect(await jobs.findByIdempotencyKey('alice order 1', Date.parse(waiting.createdAt))).toMatchObject({
    job: waiting,
    fingerprint: 'x',
  })
  expect(await jobs.findAbandoned(9)).toEqual([{ id: running.id, run: 1 }])

  const taken = await jobs.takeOver({ id: running.id, run: 1 })
  expect(taken).toEqual({ ...running, run: 2 })
  expect(await jobs.find(running.id)).toEqual(taken)
  const started = startJob(waiting, 0)
  await jobs.replace(started, { status: 'pending' })
  const grown = new GrowingJob(started).say({ type: 'reasoning', text: 'hm' }, 'yes')
  await jobs.checkpoint([grown.checkpoint])
  expect(await jobs.find(waiting.id)).toEqual(grown.now)
  expect(await jobs.deleteExpired({ endedBefore: Date.now(), endedLongBefore: 0 }, 99)).toBe(4)
}

it('SQLite opens a file of a server before parts, tapes and items, and reads every job', async () => {
  const path = join(await temporaryFolder(), 'jobs.db')
  const db = new SQLite(path)
  db.exec(await fixture('sqlite.sql'))
  db.close()
  const jobs = await openSqliteJobs(path)
  await expectEverything(jobs)
  await jobs.close()
  expect(await migrateSqlite(path)).toEqual([])
})

await withPostgres((newDatabase) => {
  it('PostgreSQL opens a database of a server before parts, tapes and items, and reads every job', async () => {
    const url = await newDatabase()
    await runSql(url, await fixture('postgres.sql'))
    const jobs = await openPostgresJobs(url, { logger: { info: () => {}, warn: () => {} }, shared: false })
    await expectEverything(jobs)
    await jobs.close()
  })
})

it('the migrations of released versions keep their names and their order, so that an older version refuses new tables', async () => {
  const path = join(await temporaryFolder(), 'jobs.db')
  const released = ['2026-11-24-jobs', '2026-11-25-owners', '2026-11-26-prompt-lengths', '2026-11-26-runs']
  released.push('2026-11-26-summary-options', '2026-11-27-answers', '2026-11-27-usage')
  const names = await migrateSqlite(path)
  expect(names.slice(0, released.length)).toEqual(released)
  expect(names.length).toBeGreaterThan(released.length)
  expect(names).toEqual(names.toSorted())
})
