import type { JobSummary } from '@promptlab/contract'
import { sql } from 'kysely'
import type { DoorClient } from '../../jobs/door.ts'
import type { StoredJob, StoredPendingJob, StoredRunningJob } from '../../jobs/job.ts'
import type {
  ClientState,
  IdempotencyKey,
  Item,
  JobCheckpoint,
  JobExpiry,
  JobPosition,
  JobQuery,
  JobRepository,
  JobRun,
  JobState,
  KeyedJob,
  RequestedJob,
  WaitingJob,
} from '../../jobs/ports/job-repository.ts'
import { StorageUnavailableError, UpgradeUnderWayError } from '../../jobs/ports/storage-errors.ts'
import type { LedgerQuery, UsageSum } from '../../jobs/usage/ledger.ts'
import { usagesOf } from '../../jobs/usage/usage-entry.ts'
import { storeCheckpoints } from './checkpoint-rows.ts'
import { removeExpired } from './conversation-rows.ts'
import { isShown } from './door-columns.ts'
import { findByRequest, hasClient, removeHidden, replaceClient } from './door-rows.ts'
import { removeCheckpoints } from './growth-rows.ts'
import { findByKey } from './idempotency-rows.ts'
import { insertJob } from './insert-job.ts'
import { countStoredBytes, findItem, storeItems, sweepItems } from './item-rows.ts'
import { isBeyond, isInState, jobOf, selectJobs, selectSummaries, stateOf, summaryOf } from './job-row.ts'
import { readListedOptions } from './listed-options.ts'
import type { SqlDatabase } from './sql-database.ts'
import { fromStorable, toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'
import { takeOver } from './take-over.ts'
import { UnconfirmedInserts } from './unconfirmed-inserts.ts'
import { refuseUnfinishedImport } from './unfinished-import.ts'
import { sumUsage, updateAndCount } from './usage-rows.ts'
import { countPendingBytes, findPending, findUnwatched } from './waiting-rows.ts'

/** Jobs in SQLite or PostgreSQL. */
export class SqlJobRepository implements JobRepository {
  readonly #database: SqlDatabase
  readonly #unconfirmedInserts: UnconfirmedInserts
  /** Changes of state that failed, and may have been stored after all. */
  readonly #unconfirmedChanges = new WeakSet<StoredJob | ClientState>()
  /** Running jobs of this process that have no checkpoints yet. Most jobs end so, and one statement ends them. */
  readonly #withoutCheckpoints = new Set<string>()
  #isClosed = false

  private constructor(database: SqlDatabase) {
    this.#database = database
    this.#unconfirmedInserts = new UnconfirmedInserts(database)
  }

  get processId(): string {
    return this.#database.runner.id
  }

  /**
   * @param database closed by the repository, also when this method throws
   * @throws StoreOpenError an import into the database was not finished
   */
  static async open(database: SqlDatabase): Promise<SqlJobRepository> {
    try {
      await refuseUnfinishedImport(database.db)
      return new SqlJobRepository(database)
    } catch (error) {
      await database.close()
      throw error
    }
  }

  async insert(job: StoredPendingJob | StoredRunningJob, idempotency?: IdempotencyKey): Promise<KeyedJob | undefined> {
    const database = await this.#opened()
    try {
      const first = await insertJob(database, job, idempotency)
      if (job.status === 'running' && !first) this.#withoutCheckpoints.add(job.id)
      return first
    } catch (error) {
      if (error instanceof StorageUnavailableError) this.#unconfirmedInserts.add(job.id)
      throw error
    }
  }

  async find(id: string): Promise<StoredJob | undefined> {
    const { db, dialect } = await this.#opened()
    const row = await selectJobs(db, dialect).where('jobs.id', '=', toStorable(id)).executeTakeFirst()
    return row && jobOf(row)
  }

  async findByIdempotencyKey(key: string, now: number): Promise<KeyedJob | undefined> {
    const { db, dialect } = await this.#opened()
    return await findByKey(db, dialect, key, now)
  }

  async findPending(limit: number, after?: JobPosition): Promise<WaitingJob[]> {
    return await findPending((await this.#opened()).db, limit, after)
  }

  async findAbandoned(limit: number): Promise<JobRun[]> {
    const { db, runner } = await this.#opened()
    const rows = await db
      .selectFrom('jobs')
      .select(['jobs.id', 'jobs.run'])
      // A literal, because the index on running jobs is not used with a parameter.
      .where('jobs.status', '=', sql.lit('running'))
      .where(runner.isGone())
      .orderBy('jobs.created_at')
      .orderBy('jobs.id')
      .limit(limit)
      .execute()
    return rows.map(({ id, run }) => ({ id: fromStorable(id), ...(run > 0 && { run }) }))
  }

  async takeOver(job: JobRun): Promise<StoredRunningJob | undefined> {
    const database = await this.#opened()
    return await database.transact((db) => takeOver(db, database.dialect, job))
  }

  async countPendingBytes(): Promise<ReadonlyMap<string | undefined, number>> {
    return await countPendingBytes((await this.#opened()).db)
  }

  async findByRequest(digest: string, limit: number): Promise<RequestedJob[]> {
    return await findByRequest((await this.#opened()).db, digest, limit)
  }

  async replaceClient(id: string, next: ClientState, from: DoorClient | undefined): Promise<boolean> {
    const database = await this.#opened()
    try {
      if (await database.write((db) => replaceClient(db, id, next, from))) return true
      return this.#unconfirmedChanges.has(next) && (await hasClient(database.db, id, next))
    } catch (error) {
      if (error instanceof StorageUnavailableError) this.#unconfirmedChanges.add(next)
      throw error
    }
  }

  async findUnwatched(now: number, limit: number): Promise<JobRun[]> {
    return await findUnwatched((await this.#opened()).db, now, limit)
  }

  async isConnected(processId: string): Promise<boolean> {
    const { db, runner } = await this.#opened()
    return await runner.isConnected(db, processId)
  }

  async list({ limit, after, status, provider, owner }: JobQuery): Promise<JobSummary[]> {
    const { db, dialect } = await this.#opened()
    let query = selectSummaries(db, dialect).where(isShown(dialect))
    if (owner !== undefined) query = query.where('jobs.owner', '=', owner)
    if (status !== undefined) query = query.where('jobs.status', '=', status)
    if (provider !== undefined) query = query.where('jobs.provider', '=', toStorable(provider))
    if (after) query = query.where(isBeyond(after, '<'))
    const rows = await query.orderBy('jobs.created_at', 'desc').orderBy('jobs.id', 'desc').limit(limit).execute()
    const summaries: JobSummary[] = []
    for (const row of rows) summaries.push(summaryOf(row, await readListedOptions(db, row)))
    return summaries
  }

  async replace(next: StoredJob, from: JobState): Promise<boolean> {
    const database = await this.#opened()
    const hasCheckpoints = from.status === 'running' && !this.#withoutCheckpoints.delete(next.id)
    try {
      const isReplaced = await (hasCheckpoints
        ? database.transact((db) => this.#replaceWithCheckpoints(db, next, from))
        : // In SQLite a write is a transaction, so that the ledger may take a second statement.
          database.write((db) => this.#replaceRow(db, next, from)))
      if (isReplaced && next.status === 'running') this.#withoutCheckpoints.add(next.id)
      if (isReplaced) return true
      return this.#unconfirmedChanges.has(next) && (await this.#holds(next))
    } catch (error) {
      if (error instanceof StorageUnavailableError) this.#unconfirmedChanges.add(next)
      throw error
    }
  }

  async checkpoint(progress: readonly JobCheckpoint[]): Promise<ReadonlySet<string>> {
    const database = await this.#opened()
    for (const { id } of progress) this.#withoutCheckpoints.delete(id)
    return await database.transact((db) => storeCheckpoints(db, progress))
  }

  async deleteFinal(id: string): Promise<boolean> {
    const database = await this.#opened()
    const { numDeletedRows } = await database.write((db) =>
      db.deleteFrom('jobs').where('id', '=', toStorable(id)).where('ended_at', 'is not', null).executeTakeFirst(),
    )
    return numDeletedRows > 0n
  }

  async deleteExpired(expiry: JobExpiry, limit: number): Promise<number> {
    const database = await this.#opened()
    return await database.transact((db) => removeExpired(db, database.dialect, expiry, limit))
  }

  async deleteHidden(now: number, limit: number): Promise<number> {
    const database = await this.#opened()
    return await database.write((db) => removeHidden(db, database.dialect, now, limit))
  }

  async storeItems(items: readonly Item[]): Promise<void> {
    await storeItems(await this.#opened(), items)
  }

  async findItem(id: string): Promise<Uint8Array | undefined> {
    return await findItem((await this.#opened()).db, id)
  }

  async sweepItems(time: number, limit: number): Promise<number> {
    return await sweepItems(await this.#opened(), time, limit)
  }

  async sumUsage(query: LedgerQuery): Promise<UsageSum[]> {
    return await sumUsage((await this.#opened()).db, query)
  }

  async countStoredBytes(owner: string): Promise<number> {
    return await countStoredBytes((await this.#opened()).db, owner)
  }

  holdsRuns(): boolean {
    return this.#database.runner.holdsRuns()
  }

  async checkReadable(version: number): Promise<void> {
    const { db, runner } = await this.#opened()
    if (!(await runner.canAllRead(db, version))) throw new UpgradeUnderWayError()
  }

  async checkHealth(): Promise<void> {
    await (await this.#opened()).checkHealth()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#database.close()
  }

  /** Removes inserts that were never confirmed, then returns the database. */
  async #opened(): Promise<SqlDatabase> {
    if (this.#isClosed) throw new StorageUnavailableError()
    await this.#unconfirmedInserts.remove()
    return this.#database
  }

  /** Removes the checkpoints as well, because the new state has the whole answer. */
  async #replaceWithCheckpoints(db: SqlDb, next: StoredJob, from: JobState): Promise<boolean> {
    const isReplaced = await this.#replaceRow(db, next, from)
    if (isReplaced) await removeCheckpoints(db, next.id)
    return isReplaced
  }

  async #replaceRow(db: SqlDb, next: StoredJob, from: JobState): Promise<boolean> {
    const { runner, dialect } = this.#database
    const update = db
      .updateTable('jobs')
      .set(stateOf(next, runner.id))
      .where('id', '=', toStorable(next.id))
      .where(isInState(from))
    const usages = usagesOf(next)
    if (usages.length > 0) return await updateAndCount(db, dialect, update, usages)
    const { numUpdatedRows } = await update.executeTakeFirst()
    return numUpdatedRows > 0n
  }

  /** Whether the stored job is in this state, stored by this process. */
  async #holds(next: StoredJob): Promise<boolean> {
    const { updated_at, runner_id } = stateOf(next, this.#database.runner.id)
    const row = await this.#database.db
      .selectFrom('jobs')
      .select('id')
      .where('id', '=', toStorable(next.id))
      .where(isInState(next))
      .where('updated_at', '=', updated_at)
      .where('runner_id', runner_id === null ? 'is' : '=', runner_id)
      .executeTakeFirst()
    return row !== undefined
  }
}
