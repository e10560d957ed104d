import type { UIMessage } from 'ai'
import { JobCancelledError, type JobFailedError } from '../errors.ts'
import type { Cost, FinishReason, JobMetrics, JobStatus, TokenUsage } from '../job.ts'

/** The metadata of an answer. An answer that went on behind the result of a tool has those of its last job. */
export interface AnswerMetadata {
  /** Absent in earlier answers after a reload. */
  jobId?: string | undefined
  /** The answer is whole only if this is `completed`. */
  status: JobStatus
  /** Why the job failed, in a sentence. */
  error?: string | null | undefined
  /** Why the model stopped. `length` and `content-filter` mean that it was cut off. */
  finishReason?: FinishReason | null | undefined
  usage?: TokenUsage | null | undefined
  cost?: Cost | null | undefined
}

/** A message of a chat over jobs. Messages of the user have no metadata of this package. */
export type JobUIMessage = UIMessage<AnswerMetadata>

/** The metadata of an answer that begins. It clears those of the step before. */
export function startMetadata(jobId: string): AnswerMetadata {
  return { jobId, status: 'running', error: null, finishReason: null, usage: null, cost: null }
}

export function completedMetadata(jobId: string, metrics: JobMetrics | undefined): AnswerMetadata {
  return { jobId, status: 'completed', ...measured(metrics) }
}

export function failedMetadata(error: JobFailedError | JobCancelledError): AnswerMetadata {
  const { jobId, metrics, message } = error
  const ended = measured(metrics)
  return error instanceof JobCancelledError
    ? { jobId, status: 'cancelled', ...ended }
    : { jobId, status: 'failed', error: message, ...ended }
}

/** What is known of an answer that has ended. Entries that are not known are left out. */
export function measured({
  finishReason,
  usage,
  cost,
}: Partial<JobMetrics> = {}): Omit<AnswerMetadata, 'jobId' | 'status'> {
  return { ...(finishReason && { finishReason }), ...(usage && { usage }), ...(cost && { cost }) }
}
