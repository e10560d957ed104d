import type { Job, JobMetrics, JobStatus, JobSummary, Metadata } from '@promptlab/contract'
import type { AnswerGrowth } from '../answer/stored-answer.ts'
import type { StoredJob } from '../job.ts'
import type { RunState } from '../run-state.ts'

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

/** Messages that several records of one caller share. A block is kept as an item is. */
export interface HistoryBlock extends Item {
  readonly owner: string | undefined
  /** The items that the messages refer to, and their sizes in bytes. */
  readonly items: ReadonlyMap<string, number>
}

/** When finished jobs expire. Times are milliseconds since the epoch. */
export interface JobExpiry {
  /** A job that ended before expires, unless the conversation went on later: a job behind it ended later, or has not ended. */
  readonly endedBefore: number
  /** A job that ended before expires also if the conversation went on. */
  readonly endedLongBefore: number
  /** A job whose end is still to be told expires, too, as nobody tells it. Without it, such a job stays. */
  readonly evenUntold?: boolean
}

/** How the deliveries of a job stand, and when the next one is due. */
export type DeliveryState = Pick<StoredJob, 'deliveries' | 'notifyAt'>

/** A job whose end is to be told. */
export type UntoldJob = Pick<StoredJob, 'id'> & Required<Pick<StoredJob, 'notifyAt'>>

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
  readonly model?: string | undefined
  /** Only jobs created then or later, and only jobs created earlier: ISO 8601 in UTC, with milliseconds. */
  readonly createdFrom?: string | undefined
  readonly createdBefore?: string | undefined
  /** Only jobs whose metadata has all of these entries. */
  readonly metadata?: Metadata | undefined
  /** Only jobs that are this caller's. */
  readonly owner?: string | undefined
}

export interface JobSearch extends JobQuery {
  /** Only jobs that have all of these, each as the beginning of a word in the prompt or in the text of the answer, see `words.ts`. */
  readonly words: readonly string[]
}

/** A page of a search. */
export interface FoundJobs {
  readonly jobs: JobSummary[]
  /** Where the search goes on. Undefined: there are no more jobs. A search that read much without finding enough has to go on. */
  readonly goesOnAt?: JobPosition | undefined
}

/** Asks for a job and those before it in its conversation. */
export interface TurnsQuery {
  /** The last job. */
  readonly id: string
  /** Only jobs of this caller. Undefined: of all. */
  readonly owner: string | undefined
  readonly limit: number
  /** The bytes that the jobs take together, about, but for the last job. */
  readonly maxBytes: number
}

/** Jobs of a conversation. */
export interface Turns {
  /** Oldest first. Empty if there is no such job. */
  readonly jobs: StoredJob[]
  /** Whether the job before the first one is there and would be shown. */
  readonly hasEarlier: boolean
}

/** The ids of the jobs of a conversation. */
export interface TurnIds {
  /** Newest first. Empty if there is no such job. */
  readonly ids: readonly string[]
  /** The job before the last of the ids, if it is gone. */
  readonly goneId?: string | undefined
}

/** A job's position in the list. Jobs that are added or removed do not move it. */
export type JobPosition = Pick<Job, 'createdAt' | 'id'>
