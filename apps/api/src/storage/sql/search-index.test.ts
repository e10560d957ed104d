import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'
import { completed, insertFinished } from '../../../test/contracts/stored-job.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { runSql, withPostgres } from '../../../test/support/test-postgres.ts'
import { newJob } from '../../jobs/job.ts'
import type { JobRepository } from '../../jobs/ports/job-repository.ts'
import { openPostgresJobs } from './open-postgres.ts'
import { openSqliteDatabase, openSqliteJobs } from './open-sqlite.ts'
import { SqlJobTarget } from './sql-import.ts'

const NOW = Date.parse('2026-11-27T08:00:00.000Z')
const SHARED = { logger: { info: () => {}, warn: () => {} }, shared: true }

const aJob = (id: string, prompt: string) => newJob(id, { prompt, provider: 'echo', model: 'echo' }, NOW)

async function indexAll(jobs: JobRepository, now = NOW): Promise<void> {
  while (await jobs.indexEnded(now, 3));
}

async function idsOf(jobs: JobRepository, ...words: string[]): Promise<string[]> {
  const found = await jobs.search({ limit: 99, words })
  return found.jobs.map(({ id }) => id).toSorted()
}

it('the index in SQLite has no word of a job that was deleted, and holds when the file is rebuilt', async () => {
  const path = join(await temporaryFolder(), 'jobs.db')
  const first = await openSqliteJobs(path)
  for (const id of ['a', 'b', 'c']) await insertFinished(first, aJob(id, `word ${id}1`), NOW)
  await indexAll(first)
  await first.deleteFinal('a')
  await first.close()
  const file = new SQLite(path)
  const words = file.prepare("select count(*) as count from job_words where job_words match 'word'")
  expect(words.get()).toEqual({ count: 2 })
  file.exec('vacuum')
  file.close()
  const second = await openSqliteJobs(path)
  onTestFinished(() => second.close())
  expect(await idsOf(second, 'word')).toEqual(['b', 'c'])
  expect(await idsOf(second, 'c1')).toEqual(['c'])
})

it('a job that is deleted after its end was looked at is not added, and those behind it are', async () => {
  const jobs = await openSqliteJobs(join(await temporaryFolder(), 'jobs.db'))
  onTestFinished(() => jobs.close())
  for (const id of ['a', 'b', 'c', 'd', 'e']) await insertFinished(jobs, aJob(id, 'word'), NOW)
  expect(await jobs.indexEnded(NOW, 2)).toBe(true)
  await jobs.deleteFinal('c')
  await indexAll(jobs)
  expect(await idsOf(jobs, 'word')).toEqual(['a', 'b', 'd', 'e'])
})

it('jobs that could not be added are added by the next step', async () => {
  const path = join(await temporaryFolder(), 'jobs.db')
  const jobs = await openSqliteJobs(path)
  onTestFinished(() => jobs.close())
  for (const id of ['a', 'b', 'c']) await insertFinished(jobs, aJob(id, 'word'), NOW)
  const file = new SQLite(path)
  onTestFinished(() => void file.close())
  file.exec("create trigger fault before insert on job_search begin select raise(abort, 'a fault'); end")
  await expect(jobs.indexEnded(NOW, 2)).rejects.toThrow('a fault')
  file.exec('drop trigger fault')
  await indexAll(jobs)
  expect(file.prepare('select job_id from job_search order by job_id').pluck().all()).toEqual(['a', 'b', 'c'])
})

it('jobs that are imported into a store whose index is complete are found', async () => {
  const path = join(await temporaryFolder(), 'jobs.db')
  const empty = await openSqliteJobs(path)
  await indexAll(empty, NOW + 3_600_000)
  await empty.close()
  const target = new SqlJobTarget(await openSqliteDatabase(path))
  await target.begin('another store')
  await target.add([{ job: completed(aJob('a', 'word'), 'text'), idempotency: undefined }])
  await target.finish('another store')
  await target.close()
  const jobs = await openSqliteJobs(path)
  onTestFinished(() => jobs.close())
  expect(await idsOf(jobs, 'word')).toEqual(['a'])
})

await withPostgres((newDatabase) => {
  it('several processes that add jobs to the index at once add each once, while some are deleted', async () => {
    const url = await newDatabase()
    const processes = await Promise.all([1, 2, 3].map(() => openPostgresJobs(url, SHARED)))
    onTestFinished(async () => void (await Promise.all(processes.map((jobs) => jobs.close()))))
    const [first] = processes
    if (!first) throw new Error('no process')
    const ids = Array.from({ length: 30 }, (_, index) => `job-${index}`)
    for (const id of ids) await insertFinished(first, aJob(id, 'word'), NOW)
    const deleted = ids.slice(0, 10)
    await Promise.all([...processes.map((jobs) => indexAll(jobs)), ...deleted.map((id) => first.deleteFinal(id))])
    // Those whose turn it was not go on later.
    for (const jobs of processes) await indexAll(jobs, NOW + 3_700_000)
    const rows = await runSql(url, 'select job_id from job_search')
    expect(rows).toHaveLength(20)
    for (const jobs of processes) expect(await idsOf(jobs, 'wo')).toEqual(ids.slice(10).toSorted())
  })
})
