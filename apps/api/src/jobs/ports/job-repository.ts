import type { FinalJob, Job, JobMetrics, JobStatus, JobSummary } from '@promptlab/contract'
import type { AnswerGrowth } from '../answer/stored-answer.ts'
import type { DoorClient } from '../door.ts'
import type { StoredJob, StoredPendingJob, StoredRunningJob } from '../job.ts'
import type { RunState } from '../run-state.ts'
import type { LedgerQuery, UsageSum } from '../usage/ledger.ts'

/**
 * Where jobs are kept. When a promise resolves the change is on disk, and a read returns only what is on disk, so a crash
 * cannot contradict what a caller was told. Adapters own their connections.
 */
export interface JobRepository {
  /**
   * Stores a new job, unless its idempotency key is taken: of two simultaneous calls with one key, one stores its job and
   * the other gets that job. A job that starts at once is stored as running, which saves a write. The items that it refers
   * to are stored before. A job with a previous job locks that one, so that it cannot be removed meanwhile.
   * @returns the job that has the key, or `undefined` when the new job was stored
   * @throws JobConflictError a job with this id already exists
   * @throws PreviousJobGoneError the previous job does not exist any more
   * @throws ItemSweptError an item was swept before the job was stored
   * @throws ApiError `storage-full` the store takes no further job
   * @throws StorageUnavailableError nothing was stored
   */
  insert(job: StoredPendingJob | StoredRunningJob, idempotency?: IdempotencyKey): Promise<KeyedJob | undefined>

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
   * Stores `next` in place of the job with the same id, if that job's status and run are still those of `from`; returns whether
   * they were. The owner stays, and what only a job that goes on has is not stored of a final one: `runState`, `waitingFor`.
   * A running job that waits again loses its answer and its metrics. Of two simultaneous calls with the same `from`, at most one gets `true`, unless neither changes.
   * @param from the job as the caller knows it
   * @throws StorageUnavailableError nothing was stored
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
   * Removes jobs that are kept no longer, at most `limit` of them, those that ended first before others.
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

  /** The bytes of an item; undefined if there is none with this id. */
  findItem(id: string): Promise<Uint8Array | undefined>

  /**
   * Removes items that no job refers to and that were last touched before a time, at most `limit` of them.
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

  /** The bytes of the items that the jobs of a caller refer to. An item counts for each of its jobs. */
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

/** The progress of a running job since it was last stored. */
export interface JobCheckpoint {
  readonly id: string
  readonly run: number
  readonly growth: AnswerGrowth
  /** The metrics of the run so far, which replace those that are stored. */
  readonly metrics: JobMetrics
  /** Replaces the state that is stored. Undefined: it stays. */
  readonly runState?: RunState | undefined
  readonly updatedAt: string
}

/** Content that is kept once, however many jobs refer to it. */
export interface Item {
  /** The SHA-256 of the bytes, in hexadecimal digits. */
  readonly id: string
  readonly bytes: Uint8Array
}

/** When finished jobs expire. Times are milliseconds since the epoch. */
export interface JobExpiry {
  /** A job that ended before expires, unless the conversation went on later: a job behind it ended later, or has not ended. */
  readonly endedBefore: number
  /** A job that ended before expires also if the conversation went on. */
  readonly endedLongBefore: number
}

/** A job that was made of a request. */
export type RequestedJob = Pick<StoredJob, 'id' | 'status' | 'client'>

/** How the client of a job stands, and when the job is removed, if its caller asked not to store it. */
export type ClientState = Pick<StoredJob, 'client' | 'deleteAfter' | 'watchedUntil'>

/** Names one run of a job. */
export type JobRun = Pick<StoredJob, 'id' | 'run'>

/** What a job must still be for a change to be stored. */
export type JobState = Pick<StoredJob, 'status' | 'run'>

/** A waiting job, without its texts. */
export interface WaitingJob extends JobPosition {
  readonly provider: string
  readonly model?: string | undefined
  readonly owner?: string | undefined
  /** When the job may run, in milliseconds since the epoch, if its vendor told it to wait. */
  readonly notBefore?: number | undefined
}

/**
 * The newest form of a record that this version of the server reads and writes. Records of version 1 have a prompt, the
 * first three options, and an answer of text. Those of version 2 have messages, a previous job, parts, and all options,
 * finish reasons and error codes. Those of version 3 have carries, a time to be removed, and reasoning and refusals among
 * their messages. Those of version 4 have fallbacks. A request whose record older versions cannot read is refused while one of them shares the
 * store.
 */
export const RECORD_VERSION = 4

/** How long a key belongs to the job that was created with it. */
export const IDEMPOTENCY_WINDOW_MS = 24 * 60 * 60 * 1000

/** A caller's name for one creation of a job, so that the request can be repeated without making a second job. */
export interface IdempotencyKey {
  /** Unique within the store: it begins with the caller's name. */
  readonly key: string
  /** The digest of the request, which tells a repeat from another request under the same key. */
  readonly fingerprint: string
}

/** The job that has a key, and the digest of the request that made it. */
export interface KeyedJob {
  readonly job: StoredJob
  readonly fingerprint: string
}

export interface JobQuery {
  readonly limit: number
  /** Only jobs that come after this one in the list. */
  readonly after?: JobPosition | undefined
  readonly status?: JobStatus | undefined
  readonly provider?: string | undefined
  /** Only jobs that are this caller's. */
  readonly owner?: string | undefined
}

/** A job's position in the list. Jobs that are added or removed do not move it. */
export type JobPosition = Pick<Job, 'createdAt' | 'id'>

/** When a final job became final, in milliseconds since the epoch. */
export function endedAt(job: FinalJob): number {
  return Date.parse(job.updatedAt)
}
