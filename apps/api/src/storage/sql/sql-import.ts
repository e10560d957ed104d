import { sql } from 'kysely'
import type { StoredJob } from '../../jobs/job.ts'
import type { Item, JobPosition } from '../../jobs/ports/stored-values.ts'
import type { UsageEntry } from '../../jobs/usage/usage-entry.ts'
import { ImportError } from '../import-error.ts'
import type { ImportedJob, JobSource, JobTarget } from '../job-import.ts'
import { linkBlocks } from './block-rows.ts'
import { keyRow, takenOver } from './idempotency-rows.ts'
import { allItems, findItem, insertJobItems, storeItems } from './item-rows.ts'
import { isBeyond, isoTime, jobOf, rowOf, selectJobs } from './job-row.ts'
import { insertMetadata } from './metadata-rows.ts'
import { unsettleSearch } from './search-index.ts'
import type { SqlDatabase } from './sql-database.ts'
import { fromStorable, toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'
import { findUnfinishedImport, refuseUnfinishedImport } from './unfinished-import.ts'
import { allUsage, replaceUsage } from './usage-rows.ts'

/** The texts of a page are in memory at once. */
const JOBS_PER_PAGE = 100
/** A page ends where its texts would take more: they are in memory at once. */
const BYTES_PER_PAGE = 16 * 1024 * 1024

const SIZED_COLUMNS = [
  'prompt',
  'options',
  'messages',
  'result',
  'parts',
  'tape',
  'carries',
  'door',
  'deliveries',
  'terms',
  'history',
]

/** The jobs of a SQL database, to be copied into another store. */
export class SqlJobSource implements JobSource {
  readonly #database: SqlDatabase

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  async count(): Promise<number> {
    await refuseUnfinishedImport(this.#database.db)
    return await countJobs(this.#database.db)
  }

  items(): AsyncIterable<Item> {
    return allItems(this.#database.db)
  }

  async *pages(): AsyncGenerator<readonly ImportedJob[]> {
    let last: JobPosition | undefined
    do {
      const page = await this.#page(last)
      if (page.length > 0) yield page
      last = page.at(-1)?.job
    } while (last)
  }

  usage(): Promise<readonly UsageEntry[]> {
    return allUsage(this.#database.db)
  }

  async find(id: string): Promise<StoredJob | undefined> {
    const { db, dialect } = this.#database
    const row = await selectJobs(db, dialect).where('jobs.id', '=', toStorable(id)).executeTakeFirst()
    return row && jobOf(row)
  }

  findItem(id: string): Promise<Uint8Array | undefined> {
    return findItem(this.#database.db, id)
  }

  close(): Promise<void> {
    return this.#database.close()
  }

  async #page(after: JobPosition | undefined): Promise<ImportedJob[]> {
    let query = selectJobs(this.#database.db, this.#database.dialect)
      .leftJoin('idempotency_keys', 'idempotency_keys.job_id', 'jobs.id')
      .select(['idempotency_keys.key', 'idempotency_keys.fingerprint'])
    if (after) query = query.where(isBeyond(after, '>'))
    const limit = await this.#countOfPage(after)
    const rows = await query.orderBy('jobs.created_at').orderBy('jobs.id').limit(limit).execute()
    return rows.map((row) => {
      const { key, fingerprint } = row
      const isKeyed = key !== null && fingerprint !== null
      const idempotency = isKeyed ? { key: fromStorable(key), fingerprint: fromStorable(fingerprint) } : undefined
      return { job: jobOf(row), idempotency }
    })
  }

  /** How many of the next jobs make a page, found without reading their texts. */
  async #countOfPage(after: JobPosition | undefined): Promise<number> {
    const sizes = SIZED_COLUMNS.map((column) => sql`coalesce(octet_length(${sql.ref(column)}), 0)`)
    const size = sql<number | string>`${sql.join(sizes, sql` + `)}`
    let query = this.#database.db.selectFrom('jobs').select(size.as('bytes'))
    if (after) query = query.where(isBeyond(after, '>'))
    const rows = await query.orderBy('jobs.created_at').orderBy('jobs.id').limit(JOBS_PER_PAGE).execute()
    let bytes = 0
    const tooMany = rows.findIndex((row) => {
      bytes += Number(row.bytes)
      return bytes > BYTES_PER_PAGE
    })
    return tooMany === -1 ? JOBS_PER_PAGE : Math.max(1, tooMany)
  }
}

/** A SQL database into which the jobs of another store are copied. */
export class SqlJobTarget implements JobTarget {
  readonly #database: SqlDatabase

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  async begin(source: string): Promise<void> {
    const { db } = this.#database
    const unfinished = await findUnfinishedImport(db)
    if (unfinished === source) return
    if (unfinished !== undefined) {
      throw new ImportError(
        `The target has a part of the jobs of ${unfinished}. Finish that import, or empty the target.`,
      )
    }
    const count = await countJobs(db)
    if (count > 0) throw new ImportError(`The target has ${count} jobs already. Import into an empty store.`)
    // Its jobs were removed, and what they cost must not be replaced.
    if ((await allUsage(db)).length > 0)
      throw new ImportError('The target has the usage of jobs that were removed. Import into an empty store.')
    const row = { source: toStorable(source), started_at: isoTime(Date.now()), finished_at: null }
    await this.#database.write((db) =>
      db
        .insertInto('imports')
        .values(row)
        .onConflict((on) => on.column('source').doUpdateSet({ started_at: row.started_at, finished_at: null }))
        .execute(),
    )
  }

  addItems(items: readonly Item[]): Promise<void> {
    return storeItems(this.#database, items)
  }

  async add(jobs: readonly ImportedJob[]): Promise<void> {
    // Without a runner, running jobs count as abandoned when the next server starts.
    const rows = jobs.map(({ job }) => rowOf(job, null))
    const keys = jobs.flatMap(({ job, idempotency }) => (idempotency ? [keyRow(idempotency, job)] : []))
    await this.#database.transact(async (db) => {
      // An interrupted import may have stored these jobs, and they may have changed in the source since.
      const ids = rows.map(({ id }) => id)
      await db.deleteFrom('jobs').where('id', 'in', ids).execute()
      await db.insertInto('jobs').values(rows).execute()
      const stored = jobs.map(({ job }) => job)
      await insertJobItems(db, stored)
      await linkBlocks(db, stored)
      await insertMetadata(db, stored)
      await unsettleSearch(db)
      if (keys.length > 0) await storeKeys(db, keys)
    })
  }

  count(): Promise<number> {
    return countJobs(this.#database.db)
  }

  async setUsage(entries: readonly UsageEntry[]): Promise<void> {
    await this.#database.transact((db) => replaceUsage(db, this.#database.dialect, entries))
  }

  async finish(source: string): Promise<void> {
    const finished = { finished_at: isoTime(Date.now()) }
    await this.#database.write((db) =>
      db.updateTable('imports').set(finished).where('source', '=', toStorable(source)).execute(),
    )
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}

type KeyRow = ReturnType<typeof keyRow>

/** Stores keys. A key may have been used twice, a day apart. Then it belongs to the later job. */
async function storeKeys(db: SqlDb, keys: readonly KeyRow[]): Promise<void> {
  const latest = new Map<string, KeyRow>()
  for (const row of keys) {
    const other = latest.get(row.key)
    if (!other || other.created_at < row.created_at) latest.set(row.key, row)
  }
  await db
    .insertInto('idempotency_keys')
    .values([...latest.values()])
    .onConflict((on) =>
      on.column('key').doUpdateSet(takenOver).whereRef('excluded.created_at', '>', 'idempotency_keys.created_at'),
    )
    .execute()
}

async function countJobs(db: SqlDb): Promise<number> {
  const { count } = await db
    .selectFrom('jobs')
    .select((eb) => eb.fn.countAll<number | string>().as('count'))
    .executeTakeFirstOrThrow()
  return Number(count)
}
