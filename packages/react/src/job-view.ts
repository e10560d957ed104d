import type { Fallback, Job, JobMetrics, JobRequest, Problem, WaitingFor } from '@promptlab/client'
import type { AnswerPart } from './answer-parts.ts'

/**
 * Where a job stands, as this page knows it:
 * - `creating`: the server has not answered yet. `waiting`: the job exists, and nothing was said yet. `running`.
 * - `completed`, `failed`, `cancelled`: the job has ended.
 * - `refused`: the job was not created. `lost`: the job cannot be read at the moment, and may go on. `missing`: there is no such
 *   job for this key, or not any more. `resume()` tries again.
 */
export type JobPhase =
  | 'creating'
  | 'waiting'
  | 'running'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'refused'
  | 'lost'
  | 'missing'

/** Why a job failed, or why it cannot be created or read. */
export interface JobFault {
  /** A code of the API, or `connection`. */
  readonly code: string
  /** A sentence for people. */
  readonly message: string
  /** The HTTP status, if the server refused a request. */
  readonly status?: number | undefined
  /** What the server answered, with each fault of an invalid request. */
  readonly problem?: Problem | undefined
}

/** One job, as a page shows it. */
export interface JobView {
  readonly phase: JobPhase
  /** Undefined until the job is created. */
  readonly id: string | undefined
  /** What was asked: by this page, or as the job has it. Undefined while the job is not known. */
  readonly asked: Asked | undefined
  /** The job as the server showed it when it was created or opened; its answer is in `parts`. */
  readonly job: Job | undefined
  /** The text of the answer. */
  readonly text: string
  /** Everything that the model said, in order. */
  readonly parts: readonly AnswerPart[]
  /** The number of pieces of text so far. */
  readonly tokens: number
  /** When this page asked, on the clock of `performance.now()`. */
  readonly startedAt: number
  /** Milliseconds from there to the first text. Undefined before, and for a job that was opened. */
  readonly firstTextMs: number | undefined
  readonly metrics: JobMetrics | undefined
  readonly error: JobFault | undefined
  /** Present while the job waits for its vendor. */
  readonly waitingFor: WaitingFor | undefined
  readonly isReconnecting: boolean
}

/** What a job was asked, as far as it is known before the server has answered. */
export type Asked = Fallback & Partial<Pick<JobRequest, 'prompt' | 'messages' | 'options' | 'metadata'>>

/** Whether the job has completed, failed or been cancelled. */
export function isEnded(phase: JobPhase): boolean {
  return phase === 'completed' || phase === 'failed' || phase === 'cancelled'
}

/** Whether the job may still say something to this page. */
export function isGoingOn(phase: JobPhase): boolean {
  return phase === 'creating' || phase === 'waiting' || phase === 'running'
}
