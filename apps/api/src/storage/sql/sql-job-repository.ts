import type { JobSummary } from '@promptlab/contract'
import type { DoorClient } from '../../jobs/door.ts'
import type { StoredJob, StoredPendingJob, StoredRunningJob } from '../../jobs/job.ts'
import type { BudgetState, CallerBudget } from '../../jobs/ports/caller-budget.ts'
import type { ChangeQuery, JobChange } from '../../jobs/ports/job-changes.ts'
import type { JobRepository } from '../../jobs/ports/job-repository.ts'
import { StorageUnavailableError, UpgradeUnderWayError } from '../../jobs/ports/storage-errors.ts'
import type {
  ClientState,
  DeliveryState,
  FoundJobs,
  HistoryBlock,
  IdempotencyKey,
  Item,
  JobCheckpoint,
  JobExpiry,
  JobPosition,
  JobQuery,
  JobRun,
  JobSearch,
  JobState,
  KeyedJob,
  RequestedJob,
  TurnIds,
  Turns,
  TurnsQuery,
  UntoldJob,
  WaitingJob,
} from '../../jobs/ports/stored-values.ts'
import type { LedgerQuery, UsageSum } from '../../jobs/usage/ledger.ts'
import { storeBlocks } from './block-rows.ts'
import { readBudget } from './budget-rows.ts'
import { removeExpired } from './conversation-rows.ts'
import { findUntold, hasDeliveries, replaceDeliveries } from './delivery-rows.ts'
import { findByRequest, hasClient, removeHidden, replaceClient } from './door-rows.ts'
import { holdsState } from './holds-state.ts'
import { findByKey } from './idempotency-rows.ts'
import { insertJob } from './insert-job.ts'
import { countStoredBytes, findItem, findItems, storeItems, sweepItems } from './item-rows.ts'
import { findChanged, listJobs } from './listed-rows.ts'
import { SearchIndex } from './search-index.ts'
import { searchJobs } from './search-rows.ts'
import type { SqlDatabase } from './sql-database.ts'
import { toStorable } from './storable-text.ts'
import { takeOver } from './take-over.ts'
import { findEach, findTurnIds, findTurns } from './turn-rows.ts'
import { UnconfirmedChanges } from './unconfirmed-changes.ts'
import { UnconfirmedInserts } from './unconfirmed-inserts.ts'
import { refuseUnfinishedImport } from './unfinished-import.ts'
import { sumUsage } from './usage-rows.ts'
import { countPendingBytes, findAbandoned, findPending, findUnwatched } from './waiting-rows.ts'

/** Jobs in SQLite or PostgreSQL. */
export class SqlJobRepository implements JobRepository {
  readonly #database: SqlDatabase
  readonly #unconfirmedInserts: UnconfirmedInserts
  readonly #searchIndex: SearchIndex
  readonly #changes = new UnconfirmedChanges()
  /** Running jobs of this process that have no checkpoints yet. Most jobs end so, and one statement ends them. */
  readonly #withoutCheckpoints = new Set<string>()
  #isClosed = false

  private constructor(database: SqlDatabase) {
    this.#database = database
    this.#unconfirmedInserts = new UnconfirmedInserts(database)
    this.#searchIndex = new SearchIndex(database)
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

  async insert(
    job: StoredPendingJob | StoredRunningJob,
    idempotency?: IdempotencyKey,
    budget?: CallerBudget,
  ): Promise<KeyedJob | undefined> {
    const database = await this.#opened()
    try {
      const first = await insertJob(database, job, idempotency, budget)
      if (job.status === 'running' && !first) this.#withoutCheckpoints.add(job.id)
      return first
    } catch (error) {
      if (error instanceof StorageUnavailableError) this.#unconfirmedInserts.add(job.id)
      throw error
    }
  }

  async find(id: string): Promise<StoredJob | undefined> {
    return await (await this.#opened()).statements.find(id)
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
    return await findAbandoned(db, runner, limit)
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
    return await this.#changes.confirmed(
      next,
      () => database.write((db) => replaceClient(db, id, next, from)),
      () => hasClient(database.db, id, next),
    )
  }

  async findUnwatched(now: number, limit: number): Promise<JobRun[]> {
    return await findUnwatched((await this.#opened()).db, now, limit)
  }

  async readBudget(budget: CallerBudget): Promise<BudgetState[]> {
    return await readBudget((await this.#opened()).db, budget)
  }

  async findUntold(now: number, limit: number): Promise<UntoldJob[]> {
    return await findUntold((await this.#opened()).db, now, limit)
  }

  async replaceDeliveries(id: string, next: DeliveryState, from: string): Promise<boolean> {
    const database = await this.#opened()
    return await this.#changes.confirmed(
      next,
      () => database.write((db) => replaceDeliveries(db, id, next, from)),
      () => hasDeliveries(database.db, id, next),
    )
  }

  async findChanged(query: ChangeQuery): Promise<JobChange[]> {
    const { db, dialect } = await this.#opened()
    return await findChanged(db, dialect, query)
  }

  async isConnected(processId: string): Promise<boolean> {
    const { db, runner } = await this.#opened()
    return await runner.isConnected(db, processId)
  }

  async list(query: JobQuery): Promise<JobSummary[]> {
    const { db, dialect } = await this.#opened()
    return await listJobs(db, dialect, query)
  }

  async findTurns(query: TurnsQuery): Promise<Turns> {
    const { db, dialect } = await this.#opened()
    return await findTurns(db, dialect, query)
  }

  async findTurnIds(id: string, limit: number): Promise<TurnIds> {
    return await findTurnIds((await this.#opened()).db, id, limit)
  }

  async findEach(ids: readonly string[]): Promise<StoredJob[]> {
    const { db, dialect } = await this.#opened()
    return await findEach(db, dialect, ids)
  }

  async search(query: JobSearch): Promise<FoundJobs> {
    const { db, dialect } = await this.#opened()
    return await searchJobs(db, dialect, query)
  }

  async indexEnded(now: number, limit: number): Promise<boolean> {
    await this.#opened()
    return await this.#searchIndex.indexEnded(now, limit)
  }

  async replace(next: StoredJob, from: JobState): Promise<boolean> {
    const database = await this.#opened()
    const hasCheckpoints = from.status === 'running' && !this.#withoutCheckpoints.delete(next.id)
    const isReplaced = await this.#changes.confirmed(
      next,
      () => database.statements.replace(next, from, hasCheckpoints),
      () => holdsState(database, next),
    )
    if (isReplaced && next.status === 'running') this.#withoutCheckpoints.add(next.id)
    return isReplaced
  }

  async checkpoint(progress: readonly JobCheckpoint[]): Promise<ReadonlySet<string>> {
    const database = await this.#opened()
    for (const { id } of progress) this.#withoutCheckpoints.delete(id)
    return await database.statements.checkpoint(progress)
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

  async storeHistory(blocks: readonly HistoryBlock[]): Promise<void> {
    await storeBlocks(await this.#opened(), blocks)
  }

  async findItem(id: string): Promise<Uint8Array | undefined> {
    return await findItem((await this.#opened()).db, id)
  }

  async findItems(ids: Iterable<string>): Promise<ReadonlyMap<string, Uint8Array>> {
    return await findItems((await this.#opened()).db, ids)
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
}
