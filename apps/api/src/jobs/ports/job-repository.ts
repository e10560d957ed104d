import type { JobSummary } from '@promptlab/contract'
import type { DoorClient } from '../door.ts'
import type { StoredJob, StoredPendingJob, StoredRunningJob } from '../job.ts'
import type { LedgerQuery, UsageSum } from '../usage/ledger.ts'
import type { BudgetState, CallerBudget } from './caller-budget.ts'
import type { ChangeQuery, JobChange } from './job-changes.ts'
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
} from './stored-values.ts'

/**
 * Where jobs are kept. When a promise resolves the change is on disk, and a read returns only what is on disk, so a crash
 * cannot contradict what a caller was told. Adapters own their connections.
 */
export interface JobRepository {
  /**
   * Stores a new job, unless its idempotency key is taken: of two simultaneous calls with one key, one stores its job and
   * the other gets that job. A job that starts at once is stored as running, which saves a write. The items that it refers
   * to are stored before. A job with a previous job locks that one, so that it cannot be removed meanwhile.
   * @param budget of the job's caller. It locks the caller's row, so that of two simultaneous jobs both count: with what was
   * spent and what all jobs that go on have reserved, `job.reserved` must fit into each limit
   * @returns the job that has the key, or `undefined` when the new job was stored
   * @throws JobConflictError a job with this id already exists
   * @throws PreviousJobGoneError the previous job does not exist any more
   * @throws ItemSweptError an item was swept before the job was stored
   * @throws BudgetExceededError
   * @throws ApiError `storage-full` the store takes no further job
   * @throws StorageUnavailableError nothing was stored
   */
  insert(
    job: StoredPendingJob | StoredRunningJob,
    idempotency?: IdempotencyKey,
    budget?: CallerBudget,
  ): Promise<KeyedJob | undefined>

  /** How the limits of a budget stand now, in their order. */
  readBudget(budget: CallerBudget): Promise<BudgetState[]>

  /** The job, or `undefined` if there is none with this id. */
  find(id: string): Promise<StoredJob | undefined>

  /**
   * The job that was created with this key within `IDEMPOTENCY_WINDOW_MS` before `now`.
   * @param now milliseconds since the epoch
   */
  findByIdempotencyKey(key: string, now: number): Promise<KeyedJob | undefined>

  /**
   * Pending jobs without their texts, oldest first: by time of creation, then by id.
   * @param after only jobs that come after this one in that order
   */
  findPending(limit: number, after?: JobPosition): Promise<WaitingJob[]>

  /**
   * Running jobs whose process is gone, without their texts. A job that this process runs is never among them.
   * @param limit the most that are returned
   */
  findAbandoned(limit: number): Promise<JobRun[]>

  /**
   * Takes a running job over from a process that is gone: one conditional write raises the number of its run, so that the
   * former process can store nothing any more. Until its next state is stored the job belongs to no process, so that it is
   * found again if this process dies or the store fails in between.
   * @param job as `findAbandoned` found it
   * @returns the job as it is stored then, with the answer of its last checkpoint; undefined if the job has ended, or has been
   * taken over by another process
   * @throws StorageUnavailableError
   */
  takeOver(job: JobRun): Promise<StoredRunningJob | undefined>

  /** The bytes of input (prompts and options) that pending jobs hold, by owner. */
  countPendingBytes(): Promise<ReadonlyMap<string | undefined, number>>

  /**
   * The jobs that were made of a request with this digest and have not failed or been cancelled, newest first, without their
   * texts.
   */
  findByRequest(digest: string, limit: number): Promise<RequestedJob[]>

  /**
   * Stores how the client of a job stands, if it stands as the caller of this method knows it; returns whether it did. Of two
   * simultaneous calls with the same `from`, at most one gets `true`. A time that is undefined in `next` stays as it is, and a
   * final job gets no `watchedUntil`. `replace` leaves these fields as they are, but a job that ends loses its `watchedUntil`.
   * @throws StorageUnavailableError nothing was stored
   */
  replaceClient(id: string, next: ClientState, from: DoorClient | undefined): Promise<boolean>

  /**
   * Removes final jobs whose `deleteAfter` has passed, at most `limit` of them.
   * @param now milliseconds since the epoch
   * @returns how many were removed
   * @throws StorageUnavailableError nothing was removed
   */
  deleteHidden(now: number, limit: number): Promise<number>

  /**
   * Running and waiting jobs whose `watchedUntil` has passed, without their texts, at most `limit` of them, those first whose
   * time passed first.
   * @param now milliseconds since the epoch
   */
  findUnwatched(now: number, limit: number): Promise<JobRun[]>

  /**
   * Jobs that have ended and whose next delivery is due, without their texts, at most `limit` of them, those first that are due
   * longest.
   * @param now milliseconds since the epoch
   */
  findUntold(now: number, limit: number): Promise<UntoldJob[]>

  /**
   * Stores how the deliveries of a job stand, if its `notifyAt` is still `from`; returns whether it was. So one of several
   * processes gets to make an attempt: it first sets `notifyAt` to a time at which the attempt is over. No other change of a job
   * touches these fields, and the state of a job is none of this method's.
   * @param next `notifyAt` undefined: no further attempt is due. `deliveries` undefined: they stay
   * @throws StorageUnavailableError as `replace`
   */
  replaceDeliveries(id: string, next: DeliveryState, from: string): Promise<boolean>

  /**
   * Changes of state behind a position, oldest first: one for each job, its latest. Hidden jobs have none. A running job of a JSON
   * file counts as changed when a checkpoint stores its answer.
   */
  findChanged(query: ChangeQuery): Promise<JobChange[]>

  /** Names this process among those that share the store, in `DoorClient.process`. Another one after each start. */
  readonly processId: string

  /**
   * Whether a process still uses the store. It is known as soon as the process is gone, not only when its lease is over.
   * @throws StorageUnavailableError
   */
  isConnected(processId: string): Promise<boolean>

  /** Jobs as lists show them, newest first: by time of creation, then by id. However long their texts are, a page is small. */
  list(query: JobQuery): Promise<JobSummary[]>

  /**
   * Jobs in the order of lists that have all the words of a search. Jobs that are not in the index yet, among them all that go on,
   * are read themselves, in slices. A page has at most `limit` jobs.
   */
  search(query: JobSearch): Promise<FoundJobs>

  /**
   * Adds jobs that have ended to the index of the search, at most `limit` of them. An index of a job goes with it. Of several
   * processes one does it at a time.
   * @param now milliseconds since the epoch
   * @returns whether more may be left to do
   * @throws StorageUnavailableError
   */
  indexEnded(now: number, limit: number): Promise<boolean>

  /**
   * A job and those before it that its conversation goes on with, the newest ones. It ends before a job that is gone, that is
   * another caller's, or that lists do not show.
   */
  findTurns(query: TurnsQuery): Promise<Turns>

  /**
   * The ids of a job and of those before it in its conversation, newest first, at most `limit` of them. It reads no texts, so it
   * costs little however long the conversation is.
   */
  findTurnIds(id: string, limit: number): Promise<TurnIds>

  /** The jobs with these ids, in this order, in one read. Those that are gone are left out. */
  findEach(ids: readonly string[]): Promise<StoredJob[]>

  /**
   * Stores `next` in place of the job with the same id, if that job's status and run are still those of `from`; returns whether
   * they were. The owner stays, and what only a job that goes on has is not stored of a final one: `runState`, `waitingFor`.
   * A running job that waits again loses its answer and its metrics. Of two simultaneous calls with the same `from`, at most one gets `true`, unless neither changes.
   * @param from the job as the caller knows it
   * @throws StorageUnavailableError nothing was stored, or no answer came. A repeat with the same object says whether it was stored
   */
  replace(next: StoredJob, from: JobState): Promise<boolean>

  /**
   * Stores the progress of running jobs in one write: appends the growth of each answer, where `grow` says how. It is
   * harmless to store a growth again, alone or at the beginning of a longer one.
   * @returns the ids of the jobs whose run is still the latest and goes on, and which so were stored. A job that is not among
   * them has ended or was taken over by another process: its run has to end.
   * @throws StorageUnavailableError nothing was stored
   */
  checkpoint(progress: readonly JobCheckpoint[]): Promise<ReadonlySet<string>>

  /**
   * Removes a job that has reached its final state; returns whether there was one.
   * @throws StorageUnavailableError nothing was removed
   */
  deleteFinal(id: string): Promise<boolean>

  /**
   * Removes jobs that are kept no longer, at most `limit` of them, those that ended first before others. A job whose end is
   * still to be told stays, unless `expiry` says otherwise.
   * @returns how many were removed
   * @throws StorageUnavailableError nothing was removed
   */
  deleteExpired(expiry: JobExpiry, limit: number): Promise<number>

  /**
   * Stores those of the items that the store does not have, and touches the others: for an hour no sweep removes them, so
   * that a job which refers to them can be stored. When the promise resolves they are on disk.
   * @throws ApiError `storage-full`
   * @throws StorageUnavailableError
   */
  storeItems(items: readonly Item[]): Promise<void>

  /**
   * Stores blocks of messages as `storeItems` stores items. The items to which a block refers were stored before, and no sweep
   * removes them while the block is there.
   * @throws ItemSweptError an item was swept before its block was stored
   * @throws StorageUnavailableError
   */
  storeHistory(blocks: readonly HistoryBlock[]): Promise<void>

  /** The bytes of an item; undefined if there is none with this id. */
  findItem(id: string): Promise<Uint8Array | undefined>

  /** The bytes of items by their ids, in one read. Those that are gone are left out. */
  findItems(ids: Iterable<string>): Promise<ReadonlyMap<string, Uint8Array>>

  /**
   * Removes items and blocks to which no job and no block refers, and that were last touched before a time, at most `limit` of them.
   * @param time milliseconds since the epoch
   * @returns how many were removed
   * @throws StorageUnavailableError
   */
  sweepItems(time: number, limit: number): Promise<number>

  /**
   * What ended jobs used and cost, from the ledger. A job is added to it in the write of its final record, once, and stays
   * in it when the job is removed.
   * @returns sums in the order of the fields by which they are grouped, at most `query.limit` of them
   */
  sumUsage(query: LedgerQuery): Promise<UsageSum[]>

  /**
   * The bytes of the items that the jobs of a caller refer to. An item counts for each of its jobs, and once for each block of
   * their messages that refers to it.
   */
  countStoredBytes(owner: string): Promise<number>

  /**
   * Whether this process still holds the jobs that it runs. False while it could not renew its lease for so long that other
   * processes may have taken them over. A store of one process has no lease and is always held.
   */
  holdsRuns(): boolean

  /**
   * Checks that every living process that shares the store can read a record.
   * @param version of the record, see `RECORD_VERSION`
   * @throws UpgradeUnderWayError a process of an older version is still running
   * @throws StorageUnavailableError
   */
  checkReadable(version: number): Promise<void>

  /** @throws StorageUnavailableError a change could not be stored right now */
  checkHealth(): Promise<void>

  /** Waits for the changes under way and releases the store. */
  close(): Promise<void>
}

/** What of a repository reads the conversation of a job. */
export type ConversationStore = Pick<JobRepository, 'findTurnIds' | 'findEach' | 'findItems'>
