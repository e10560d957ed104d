import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import SQLite from 'better-sqlite3'
import { describe, expect, it, onTestFinished } from 'vitest'
import { describeJobRepository } from '../../../test/contracts/describe-job-repository.ts'
import { insertLongTexts, LISTED_TEXTS, listedTexts } from '../../../test/contracts/describe-listed-texts.ts'
import { aJob } from '../../../test/contracts/stored-job.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { tinyDisk } from '../../../test/support/tiny-disk.ts'
import { startJob } from '../../jobs/job.ts'
import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'
import { migrateSqlite, openSqliteJobs } from './open-sqlite.ts'

const newFile = async () => join(await temporaryFolder(), 'jobs.db')

async function open(path: string) {
  const jobs = await openSqliteJobs(path)
  onTestFinished(() => jobs.close())
  return jobs
}

describeJobRepository('SqlJobRepository on SQLite', async () => {
  const path = await newFile()
  return { open: () => openSqliteJobs(path) }
})

describe('the file of a SQLite store', () => {
  it('can be read and written by its owner alone, like the files beside it', async () => {
    const path = await newFile()
    const jobs = await open(path)
    await jobs.insert(aJob('a'))
    for (const name of [path, `${path}-wal`, `${path}-shm`]) expect((await stat(name)).mode & 0o777).toBe(0o600)
  })

  it('has columns that a person can read', async () => {
    const path = await newFile()
    const jobs = await open(path)
    await jobs.insert({ ...aJob('a'), prompt: 'Grüße 🙂' })
    await jobs.close()
    const db = new SQLite(path, { readonly: true })
    onTestFinished(() => void db.close())
    const row = db.prepare('select prompt, options, status, created_at from jobs').get()
    expect(row).toEqual({
      prompt: 'Grüße 🙂',
      options: '{"temperature":0.5}',
      status: 'pending',
      created_at: '2026-01-02T03:04:05.678Z',
    })
  })

  it('is refused to a second server, which is told the name of the first', async () => {
    const path = await newFile()
    const first = await open(path)
    const inUse = new RegExp(`is in use by process ${process.pid} on `)
    await expect(openSqliteJobs(path)).rejects.toThrow(inUse)
    await expect(migrateSqlite(path)).rejects.toThrow(inUse)
    await first.close()
    expect(await migrateSqlite(path)).toEqual([])
    await open(path)
  })

  it.each([
    ['text', Buffer.from('{"version":1,"jobs":[]}'.repeat(100))],
    [
      'a file that only begins like a database',
      Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4_096, 7)]),
    ],
  ])('is refused when it is %s, and left unchanged', async (_, content) => {
    const path = await newFile()
    await writeFile(path, content)
    await expect(openSqliteJobs(path)).rejects.toThrow(/is damaged, or not a SQLite file: .*The file is unchanged/)
    expect(await readFile(path)).toEqual(content)
  })

  it('is refused in a folder that cannot be created', async () => {
    const path = await newFile()
    await writeFile(path, '')
    await expect(openSqliteJobs(join(path, 'jobs.db'))).rejects.toThrow(/The folder of the job store .* cannot be used/)
  })

  it('takes no change while it is moved away, and goes on when it is back', async () => {
    const path = await newFile()
    const jobs = await open(path)
    await jobs.insert(aJob('a'))
    await rename(dirname(path), `${dirname(path)}-gone`)
    await expect(jobs.insert(aJob('b'))).rejects.toThrow(StorageUnavailableError)
    await expect(jobs.checkHealth()).rejects.toThrow(StorageUnavailableError)
    await rename(`${dirname(path)}-gone`, dirname(path))
    await jobs.checkHealth()
    await jobs.insert(aJob('c'))
    expect((await jobs.list({ limit: 9 })).map(({ id }) => id)).toEqual(['c', 'a'])
  })

  it('takes no change while the disk is full, and goes on when there is room', async ({ skip }) => {
    const folder = await tinyDisk('1m', skip)
    const jobs = await open(join(folder, 'jobs.db'))
    await jobs.insert(aJob('a'))
    await writeFile(join(folder, 'ballast'), Buffer.alloc(2_000_000)).catch(() => {})
    const large = { ...aJob('b'), prompt: 'x'.repeat(100_000) }
    await expect(jobs.insert(large)).rejects.toThrow(StorageUnavailableError)
    await expect(
      jobs.replace({ ...startJob(aJob('a'), 0), result: 'x'.repeat(100_000) }, { status: 'pending' }),
    ).rejects.toThrow(StorageUnavailableError)
    expect(await jobs.find('a')).toEqual(aJob('a'))
    expect(await jobs.find('b')).toBeUndefined()

    await writeFile(join(folder, 'ballast'), '')
    await jobs.checkHealth()
    await jobs.insert(large)
    expect(await jobs.find('b')).toEqual(large)
  })

  it('is listed rightly when its jobs were stored without what lists show of their texts, as older versions do', async () => {
    const path = await newFile()
    const before = await open(path)
    await insertLongTexts(before)
    await before.close()
    const db = new SQLite(path)
    db.exec('update jobs set prompt_length = null, listed_options = null, input_bytes = null')
    db.close()
    const after = await open(path)
    expect(await listedTexts(after)).toEqual(LISTED_TEXTS)
  })

  it('has an index for every query', async () => {
    const path = await newFile()
    const queries: string[] = []
    await (await open(path)).close()
    const db = new SQLite(path, { readonly: true })
    onTestFinished(() => void db.close())
    queries.push(
      ...['', `status = 'failed'`, `provider = 'x'`, `provider = 'x' and status = 'failed'`].map(
        (filter) => `select id from jobs ${filter && `where ${filter}`} order by created_at desc, id desc limit 5`,
      ),
      `select id from jobs where status = 'pending' and (created_at, id) > ('', '') order by created_at, id limit 5`,
      `select id from jobs where status = 'running' and runner_id is null`,
      `select id from jobs where ended_at < '2026' order by ended_at limit 5`,
    )
    for (const query of queries) {
      const plan = db.prepare<[], { detail: string }>(`explain query plan ${query}`).all()
      const details = plan.map(({ detail }) => detail).join('; ')
      expect(details).toMatch(/USING (COVERING )?INDEX/)
      expect(details).not.toMatch(/TEMP B-TREE/)
    }
    // Lists look hidden jobs up in their index.
    const hidden =
      'select 1 from jobs as hidden indexed by jobs_hidden where hidden.id = jobs.id and delete_after is not null'
    for (const filter of ['', `owner = 'x' and`, `provider = 'x' and status = 'failed' and`]) {
      const query = `select id from jobs where ${filter} not exists (${hidden}) order by created_at desc, id desc limit 5`
      const plan = db.prepare<[], { detail: string }>(`explain query plan ${query}`).all()
      const details = plan.map(({ detail }) => detail).join('; ')
      expect(details).toContain('hidden USING COVERING INDEX jobs_hidden')
      expect(details).not.toMatch(/TEMP B-TREE/)
    }
    // Without the rows, whose last columns lie behind their texts.
    for (const query of [
      `select id, provider, owner, created_at, waiting_for from jobs where status = 'pending' order by created_at, id limit 500`,
      `select owner, sum(coalesce(input_bytes, 0)) from jobs where status = 'pending' group by owner`,
    ]) {
      const [step] = db.prepare<[], { detail: string }>(`explain query plan ${query}`).all()
      expect(step?.detail).toContain('USING COVERING INDEX jobs_waiting')
    }
    for (const [index, query] of [
      ['jobs_behind', `select 1 from jobs where previous_job_id = 'x' and (ended_at is null or ended_at >= '2026')`],
      [
        'jobs_before',
        `with recursive kept(id) as (
          select 'x' union
          select jobs.previous_job_id from kept join jobs on jobs.id = kept.id where jobs.previous_job_id is not null
        ) select id from kept`,
      ],
      [
        'jobs_by_request',
        `select id, status, client from jobs where request_digest = 'x' and status not in ('failed', 'cancelled')
        order by created_at desc, id desc limit 5`,
      ],
      [
        'jobs_to_delete',
        `select id from jobs where delete_after <= '2026' and ended_at is not null order by delete_after limit 5`,
      ],
      [
        'jobs_watched',
        `select id, run from jobs where watched_until <= '2026' and ended_at is null
        order by watched_until, id limit 5`,
      ],
      [
        'jobs_reserved',
        `select coalesce(sum(reserved), 0) from jobs where owner = 'x' and reserved is not null and ended_at is null`,
      ],
      [
        'jobs_to_tell',
        `select id, notify_at from jobs where notify_at is not null and notify_at <= '2026' and ended_at is not null
        order by notify_at, id limit 5`,
      ],
      [
        'jobs_to_tell',
        `select id from jobs where ended_at < '2026' and id not in (
          select untold.id from jobs as untold where untold.notify_at is not null and untold.ended_at is not null)`,
      ],
      ...(['jobs_by_change', 'jobs_by_owner_and_change'] as const).map((index): [string, string] => [
        index,
        `select id, changed_at from jobs where delete_after is null and changed_at is not null
        and (changed_at, id) > ('2026', '') ${index === 'jobs_by_change' ? '' : `and owner = 'x'`}
        order by changed_at, id limit 5`,
      ]),
      ['items_by_touch', `select id, touched_at from items where touched_at < '2026' order by touched_at, id`],
      ['job_items_by_item', `select 1 from job_items where item_id = 'x'`],
      ['job_items_by_owner', `select sum(size) from job_items where owner = 'x'`],
    ]) {
      const plan = db.prepare<[], { detail: string }>(`explain query plan ${query}`).all()
      expect(plan.map(({ detail }) => detail).join('; ')).toContain(`USING COVERING INDEX ${index}`)
    }
  })
})
