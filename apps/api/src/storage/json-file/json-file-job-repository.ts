import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { JobSummary } from '@promptlab/contract'
import type { DoorClient } from '../../jobs/door.ts'
import { runOf, type StoredJob, type StoredPendingJob, type StoredRunningJob } from '../../jobs/job.ts'
import type { BudgetState, CallerBudget } from '../../jobs/ports/caller-budget.ts'
import type { ChangeQuery, JobChange } from '../../jobs/ports/job-changes.ts'
import type { JobRepository } from '../../jobs/ports/job-repository.ts'
import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'
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
import { sumEntries } from '../../jobs/usage/usage-tally.ts'
import type { FileLock } from '../file-lock.ts'
import { BlockFolder } from './disk/block-folder.ts'
import type { ItemFolder } from './disk/item-folder.ts'
import { type JournaledStore, JournalFullError } from './disk/journaled-store.ts'
import { DraftWriter } from './draft-writer.ts'
import { AbandonedJobs } from './memory/abandoned-jobs.ts'
import { budgetStates } from './memory/budget-tally.ts'
import { keyedJob } from './memory/draft.ts'
import { findTurnIds, findTurns } from './memory/find-turns.ts'
import { jobChange, jobRun, requestedJob, untoldJobs, waitingJob } from './memory/found-jobs.ts'
import { listedBy } from './memory/listed-by.ts'
import { keepWords, searchJobs } from './memory/search-jobs.ts'
import { StoreFullError } from './memory/store-bound.ts'
import { type OpenStore, openStore, type RepositoryOptions } from './open-store.ts'
import { orUnavailable } from './or-unavailable.ts'

/**
 * Jobs in one JSON file, for one process.
 *
 * The way of a change to the disk. `replace` stands for all changes; its promise resolves after step 6.
 *
 *     replace(next, from)
 *       1  GroupCommit     adds the change to the next commit, and waits until the commit before it has ended
 *       2  CommitPace      under load, waits up to 25 ms more, so that more changes join the commit
 *       3  Draft           applies all changes of the commit in their order; here `replace` gets its result, true or false
 *       4  Mutex           waits while a compaction cuts the journal
 *       5  JournaledStore  writes, and waits until the disk has flushed
 *            below 64 KB     JobsFile: a whole new jobs.json beside the old one, then a rename
 *            from 64 KB on   JournalFile: appends the changed jobs, or the new parts of texts, to jobs.json.journal
 *       6  StoredJobs      takes the changes over, so that `find` and `list` show them
 *
 * If step 5 fails, step 6 does not happen and all promises of the commit reject with StorageUnavailableError.
 *
 * When the journal has become long, a compaction writes a new jobs.json. Commits go on meanwhile, and wait only at step 4,
 * or before it when the journal is as long as it may be.
 */
export class JsonFileJobRepository implements JobRepository {
  readonly processId: string = crypto.randomUUID()
  readonly #folder: string
  readonly #lock: FileLock
  readonly #store: JournaledStore
  readonly #items: ItemFolder
  readonly #blocks: BlockFolder
  readonly #maxBytes: number
  readonly #writer: DraftWriter
  readonly #abandoned: AbandonedJobs
  /** Where `indexEnded` goes on. */
  #indexedFrom: JobPosition | undefined
  #isClosed = false

  private constructor({ file, lock, store, items, maxBytes }: OpenStore) {
    this.#folder = dirname(file)
    this.#lock = lock
    this.#store = store
    this.#writer = new DraftWriter(store)
    this.#items = items
    this.#blocks = new BlockFolder(items, store.jobs)
    this.#maxBytes = maxBytes
    this.#abandoned = new AbandonedJobs(store.jobs)
  }

  /**
   * Opens the file. The file and its folder are created if they do not exist.
   * @throws StoreOpenError the file is damaged, cannot be written, or is in use
   */
  static async open(path: string, options: RepositoryOptions = {}): Promise<JsonFileJobRepository> {
    return new JsonFileJobRepository(await openStore(path, options))
  }

  async insert(
    job: StoredPendingJob | StoredRunningJob,
    idempotency?: IdempotencyKey,
    budget?: CallerBudget,
  ): Promise<KeyedJob | undefined> {
    try {
      return await this.#blocks.keeping(job, (checkItems) =>
        this.#writer.change((draft) => {
          const first = draft.findFirst(job, idempotency)
          if (first) return first
          checkItems()
          if (draft.bytes >= this.#maxBytes) throw new StoreFullError(this.#maxBytes)
          if (budget) draft.checkBudget(job, budget)
          draft.insert(job, idempotency)
          return undefined
        }),
      )
    } catch (error) {
      const isFull = error instanceof StorageUnavailableError && error.cause instanceof JournalFullError
      throw isFull ? error.cause : error
    }
  }

  async find(id: string): Promise<StoredJob | undefined> {
    return this.#store.jobs.get(id)?.job
  }

  async findByIdempotencyKey(key: string, now: number): Promise<KeyedJob | undefined> {
    const entry = this.#store.jobs.findByKey(key)
    return entry && keyedJob(entry, now)
  }

  async findPending(limit: number, after?: JobPosition): Promise<WaitingJob[]> {
    return this.#store.jobs.oldest(limit, after, ({ status }) => status === 'pending').map(waitingJob)
  }

  async findAbandoned(limit: number): Promise<JobRun[]> {
    return this.#abandoned.find(limit)
  }

  takeOver(job: JobRun): Promise<StoredRunningJob | undefined> {
    return this.#writer.change((draft) => {
      const entry = draft.get(job.id)
      const stored = entry?.run === runOf(job) ? entry.job : undefined
      if (stored?.status !== 'running') return undefined
      const taken = { ...stored, run: runOf(job) + 1 }
      draft.replace(taken)
      return taken
    })
  }

  async countPendingBytes(): Promise<ReadonlyMap<string | undefined, number>> {
    return this.#store.jobs.pendingBytes
  }

  async findByRequest(digest: string, limit: number): Promise<RequestedJob[]> {
    return this.#store.jobs.findByRequest(digest, limit).map(requestedJob)
  }

  replaceClient(id: string, next: ClientState, from: DoorClient | undefined): Promise<boolean> {
    return this.#writer.change((draft) => draft.replaceClient(id, next, from))
  }

  async findUnwatched(now: number, limit: number): Promise<JobRun[]> {
    return this.#store.jobs.findUnwatched(now, limit).map(jobRun)
  }

  async readBudget(budget: CallerBudget): Promise<BudgetState[]> {
    return budgetStates(budget, [this.#store.jobs.budgets])
  }

  async findUntold(now: number, limit: number): Promise<UntoldJob[]> {
    return this.#store.jobs.findUntold(now, limit).flatMap(untoldJobs)
  }

  replaceDeliveries(id: string, next: DeliveryState, from: string): Promise<boolean> {
    return this.#writer.change((draft) => draft.replaceDeliveries(id, next, from))
  }

  async findChanged(query: ChangeQuery): Promise<JobChange[]> {
    return this.#store.jobs.findChanged(query.limit, query.after, listedBy({ owner: query.owner })).map(jobChange)
  }

  async isConnected(processId: string): Promise<boolean> {
    return processId === this.processId
  }

  async list(query: JobQuery): Promise<JobSummary[]> {
    return this.#store.jobs.newest(query.limit, query.after, listedBy(query)).map(({ summary }) => summary)
  }

  async findTurns(query: TurnsQuery): Promise<Turns> {
    return findTurns(this.#store.jobs, query)
  }

  async findTurnIds(id: string, limit: number): Promise<TurnIds> {
    return findTurnIds(this.#store.jobs, id, limit)
  }

  async findEach(ids: readonly string[]): Promise<StoredJob[]> {
    return ids.flatMap((id) => this.#store.jobs.get(id)?.job ?? [])
  }

  async search(query: JobSearch): Promise<FoundJobs> {
    return await searchJobs(this.#store.jobs, query)
  }

  async indexEnded(_now: number, limit: number): Promise<boolean> {
    this.#indexedFrom = keepWords(this.#store.jobs, this.#indexedFrom, limit)
    return this.#indexedFrom !== undefined
  }

  replace(next: StoredJob, from: JobState): Promise<boolean> {
    return this.#writer.change((draft) => {
      if (!draft.hasState(next.id, from)) return false
      draft.replace(next)
      this.#abandoned.remove(next.id)
      return true
    })
  }

  async checkpoint(progress: readonly JobCheckpoint[]): Promise<ReadonlySet<string>> {
    return await this.#writer.change((draft) => {
      const stored = progress.filter(({ id, run }) => draft.hasState(id, { status: 'running', run }))
      for (const checkpoint of stored) draft.checkpoint(checkpoint)
      return new Set(stored.map(({ id }) => id))
    })
  }

  deleteFinal(id: string): Promise<boolean> {
    return this.#writer.change((draft) => draft.deleteFinal(id))
  }

  deleteExpired(expiry: JobExpiry, limit: number): Promise<number> {
    return this.#writer.change((draft) => draft.deleteExpired(expiry, limit))
  }

  deleteHidden(now: number, limit: number): Promise<number> {
    return this.#writer.change((draft) => draft.deleteHidden(now, limit))
  }

  storeItems(items: readonly Item[]): Promise<void> {
    return orUnavailable(this.#isClosed, () => this.#items.store(items))
  }

  storeHistory(blocks: readonly HistoryBlock[]): Promise<void> {
    return orUnavailable(this.#isClosed, () => this.#blocks.store(blocks))
  }

  findItem(id: string): Promise<Uint8Array | undefined> {
    return orUnavailable(this.#isClosed, () => this.#items.find(id))
  }

  findItems(ids: Iterable<string>): Promise<ReadonlyMap<string, Uint8Array>> {
    return orUnavailable(this.#isClosed, () => this.#items.findEach(ids))
  }

  sweepItems(time: number, limit: number): Promise<number> {
    return orUnavailable(this.#isClosed, () => this.#blocks.sweep(time, limit))
  }

  async sumUsage(query: LedgerQuery): Promise<UsageSum[]> {
    return sumEntries(this.#store.jobs.usage(), query)
  }

  async countStoredBytes(owner: string): Promise<number> {
    return this.#store.jobs.itemBytes.get(owner) ?? 0
  }

  holdsRuns(): boolean {
    return true
  }

  async checkReadable(): Promise<void> {}

  async checkHealth(): Promise<void> {
    if (this.#isClosed) throw new StorageUnavailableError()
    try {
      await access(this.#folder, constants.W_OK)
    } catch (cause) {
      throw new StorageUnavailableError(cause)
    }
    await this.#writer.checkWritable()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#writer.close()
    await this.#store.close()
    await this.#lock.release()
  }
}
