import {
  type CreateJobBody,
  Delivery,
  type FinalJob,
  type ForkOrigin,
  Job,
  type JobError,
  type JobMetrics,
  type PendingJob,
  type RunningJob,
  type ShownMessage,
  type WaitingFor,
} from '@promptlab/contract'
import { z } from 'zod'
import { type StoredAnswer, StoredPart } from './answer/stored-answer.ts'
import { Door, DoorClient, InputCarry } from './door.ts'
import { HistoryRef } from './history-ref.ts'
import { itemsOfJob } from './kept-parts.ts'
import { metricsBefore, RunState } from './run-state.ts'

/** Fields that are stored but never returned. */
export const StoredOnly = z.object({
  /** The caller whose job it is. A job that was made without a key has no owner. */
  owner: z.string().optional(),
  /**
   * The number of the job's latest run, from 1 up; undefined before the first. One conditional write raises it when a process
   * starts the job or takes it over, so that whatever an earlier run still writes can be refused.
   */
  run: z.int().positive().optional(),
  /** The parts of the answer; undefined if it is one text, see `StoredAnswer`. */
  parts: z.array(StoredPart).optional(),
  /** The tape of the answer in base64, see `Tape`. Undefined in records of older versions. */
  tape: z.string().optional(),
  /** Where the job was made; undefined for the native API. */
  door: Door.optional(),
  /** The digest of the request at the door, its caller among it, by which a repeat of the request is known. */
  requestDigest: z.string().optional(),
  /** The client that waits at the door for the answer. Undefined for jobs that nobody waits for, as in the background. */
  client: DoorClient.optional(),
  /** What vendors want back with the messages, for providers only. */
  carries: z.array(InputCarry).optional(),
  /** The blocks that have the messages before `messages`, oldest first. Undefined: the record has all messages. */
  history: z.array(HistoryRef).optional(),
  /**
   * When the job is removed once it is final, as its caller asked not to store it. Until then nobody sees it but a client that
   * repeats its request.
   */
  deleteAfter: z.iso.datetime().optional(),
  /** What a later run has to know. Undefined: nothing. A final job has none. */
  runState: RunState.optional(),
  /**
   * Until when somebody waits for a foreground job: a client that is connected renews it. When the time has passed, the job is
   * cancelled. Undefined: the job runs on without clients.
   */
  watchedUntil: z.iso.datetime().optional(),
  /**
   * What the job may cost at most, in billionths of a US dollar: its share of its caller's budget until it has ended. Undefined
   * if its caller has no budget. A final job has none.
   */
  reserved: z.int().nonnegative().optional(),
  /** The news of the job's end, one for each receiver. Undefined if nobody is told. */
  deliveries: z.array(Delivery).optional(),
  /**
   * When the next delivery is due, once the job has ended; until then, when the job was made. Undefined if nobody is told, or
   * all deliveries are over.
   */
  notifyAt: z.iso.datetime().optional(),
})
type StoredOnly = z.infer<typeof StoredOnly>

/** The job without what is never returned. */
export function withoutStoredOnly(job: StoredJob): Job {
  const { owner: _o, run: _r, parts: _p, tape: _t, door: _d, requestDigest: _q, client: _c, ...rest } = job
  const { carries: _a, deleteAfter: _x, runState: _s, watchedUntil: _w, ...unnotified } = rest
  const { reserved: _b, deliveries: _e, notifyAt: _n, history: _h, ...shown } = unnotified
  return shown
}

/** A job as it is stored. */
export const StoredJob = Job.and(StoredOnly)
export type StoredJob = z.infer<typeof StoredJob>
export type StoredPendingJob = PendingJob & StoredOnly
export type StoredRunningJob = RunningJob & StoredOnly
export type StoredFinalJob = FinalJob & StoredOnly

/** The answer and the metrics of a run so far. */
export interface JobProgress extends StoredAnswer {
  readonly metrics: JobMetrics
}

/** What a caller asks of a job, with its content as records hold it. */
export interface JobRequest
  extends Pick<
    CreateJobBody,
    'provider' | 'model' | 'options' | 'fallbacks' | 'previousJobId' | 'maxCostUsd' | 'webhook' | 'metadata'
  > {
  /** The prompt, or the last text of the user among the messages. */
  readonly prompt: string
  readonly messages?: ShownMessage[] | undefined
  readonly carries?: InputCarry[] | undefined
  /** The job that it was made of, if it was made of one. */
  readonly rerunOf?: string | undefined
  readonly forkOf?: ForkOrigin | undefined
}

/** What goes with a job beside its request: its share of a budget, and who is told of its end. */
export type JobTerms = Pick<StoredOnly, 'reserved' | 'deliveries' | 'notifyAt'>

/** How a job was made at a door. */
export type MadeAtDoor = Pick<StoredOnly, 'door' | 'requestDigest' | 'client' | 'deleteAfter' | 'watchedUntil'>

/** How a run ended. */
export type JobOutcome =
  | { readonly status: 'completed' }
  | { readonly status: 'failed'; readonly error: JobError }
  | { readonly status: 'cancelled' }

/** The number of a job's latest run; 0 before the first, and for jobs that were stored before runs had numbers. */
export function runOf({ run = 0 }: StoredOnly): number {
  return run
}

/** The bytes that the input of a job takes, about as they were sent. The items that it refers to count. */
export function inputBytes(
  job: Pick<StoredJob, 'prompt' | 'messages' | 'options' | 'carries'> & Partial<Pick<StoredOnly, 'history'>>,
): number {
  const { prompt, messages, options, carries, history } = job
  const bytes = jsonBytes(options) + jsonBytes(carries) + itemsOfJob(job).reduce((sum, item) => sum + item.bytes, 0)
  return bytes + historyBytes(history) + (messages ? jsonBytes(messages) : Buffer.byteLength(prompt))
}

/** The bytes of blocks of messages, and of the items to which they refer. */
export function historyBytes(history: StoredOnly['history'] = []): number {
  return history.reduce((sum, { bytes, keptBytes = 0 }) => sum + bytes + keptBytes, 0)
}

function jsonBytes(value: object | undefined): number {
  return value ? Buffer.byteLength(JSON.stringify(value)) : 0
}

/**
 * @param now milliseconds since the epoch, as everywhere in this file
 * @param made how the job was made, unless natively, and its terms
 */
export function newJob(
  id: string,
  { prompt, messages, carries, previousJobId, provider, model, options, fallbacks, ...asked }: JobRequest,
  now: number,
  owner?: string,
  made?: MadeAtDoor & JobTerms,
): StoredPendingJob {
  const { maxCostUsd, webhook, metadata, rerunOf, forkOf } = asked
  const at = new Date(now).toISOString()
  return {
    id,
    prompt,
    ...(messages && { messages }),
    ...(previousJobId !== undefined && { previousJobId }),
    provider,
    model,
    ...(options && { options }),
    ...(fallbacks && { fallbacks }),
    ...(maxCostUsd !== undefined && { maxCostUsd }),
    ...(webhook && { webhook }),
    // Stores and lists do not tell an empty one from none.
    ...(metadata && Object.keys(metadata).length > 0 && { metadata }),
    ...(rerunOf !== undefined && { rerunOf }),
    ...(forkOf && { forkOf }),
    status: 'pending',
    createdAt: at,
    updatedAt: at,
    ...(owner !== undefined && { owner }),
    ...(carries && { carries }),
    ...made,
  }
}

/** The next run of a waiting job. */
export function startJob(job: StoredPendingJob, now: number): StoredRunningJob & Required<Pick<StoredOnly, 'run'>> {
  // The system's clock may have been set back since the job was created.
  const queuedMs = Math.max(0, now - Date.parse(job.createdAt))
  const { waitingFor: _, ...waited } = job
  return {
    ...waited,
    status: 'running',
    run: runOf(job) + 1,
    result: '',
    metrics: { durationMs: 0, tokenCount: 0, ttftMs: null, queuedMs, ...metricsBefore(job) },
    updatedAt: new Date(now).toISOString(),
  }
}

/** Ends a job that never ran. */
export function cancelPending(job: StoredPendingJob, now: number): StoredFinalJob {
  const { run: _, ...started } = startJob(job, now)
  return finishJob(
    { ...started, ...(job.run !== undefined && { run: job.run }) },
    started,
    { status: 'cancelled' },
    now,
  )
}

/**
 * Puts a running job back in line, of whose answer nothing was published. Its record keeps the number of the run.
 * @param runState what the next run has to know
 */
export function putBack(
  job: StoredRunningJob,
  waitingFor: WaitingFor,
  runState: RunState,
  now: number,
): StoredPendingJob {
  const { result: _r, output: _o, metrics: _m, parts: _p, tape: _t, ...waiting } = job
  return { ...waiting, status: 'pending', waitingFor, runState, updatedAt: new Date(now).toISOString() }
}

export function finishJob(
  job: StoredRunningJob,
  { result, parts, tape, metrics }: JobProgress,
  outcome: JobOutcome,
  now: number,
): StoredFinalJob {
  const answer = { result, ...(parts && { parts: [...parts] }), ...(tape && { tape }) }
  const { runState: _s, watchedUntil: _w, reserved: _r, ...ended } = job
  return { ...ended, ...answer, metrics, ...outcome, updatedAt: new Date(now).toISOString() }
}
