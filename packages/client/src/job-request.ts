import type { Message } from './content.ts'
import type { Fallback } from './job.ts'
import type { JobOptions } from './job-options.ts'

/** The request that creates a job. It has either a prompt or messages. */
export type JobRequest = {
  /** The name of a provider, from `providers()`. */
  provider: string
  /** A model of this provider. */
  model: string
  /** The conversation goes on behind the answer of this job, which must be the same caller's. */
  previousJobId?: string | undefined
  options?: JobOptions | undefined
  /**
   * Who is asked instead, in this order, when a vendor fails or takes no more requests. Only as long as nothing of the answer
   * came. At most 8. Absent: those that the operator names for the model. Empty: none.
   */
  fallbacks?: Fallback[] | undefined
  /** The most that the job may cost, in US dollars. A job whose cost reaches it is stopped, and keeps its text. */
  maxCostUsd?: number | undefined
  /** Who is told when the job ends, by a signed POST. */
  webhook?: { url: string } | undefined
  /** Your own notes: at most 16 texts of at most 512 characters, by names of at most 64. No vendor gets them. */
  metadata?: Record<string, string> | undefined
} & (
  | { prompt: string; messages?: undefined }
  /** A conversation, oldest message first. */
  | { messages: Message[]; prompt?: undefined }
)

/** What a job that is made of another one may have otherwise. */
export interface JobChanges {
  /** Default: the provider of the other job. */
  provider?: string | undefined
  /** Default: the model of the other job. */
  model?: string | undefined
  /**
   * Each option replaces that of the other job, and `null` removes it. With another provider, `vendor` of the other job is left
   * out.
   */
  options?: { [Option in keyof JobOptions]: JobOptions[Option] | null } | undefined
  /**
   * Absent: those of the other job, if neither the provider nor the model is another one. `null`: those that the operator names
   * for the model. Empty: none.
   */
  fallbacks?: Fallback[] | null | undefined
  /** Absent: as for the other job. `null`: no limit. */
  maxCostUsd?: number | null | undefined
  /** Absent: as for the other job. `null`: none. */
  webhook?: { url: string } | null | undefined
  /** Absent: as for the other job. `null`: none. */
  metadata?: Record<string, string> | null | undefined
}

/** The request for a job that goes on with the answer of another one. */
export interface ForkRequest extends JobChanges {
  /**
   * How much of the answer is in the new conversation. A number is a place in the answer: for an answer that is only text, a length
   * of the text in UTF-16 code units. A text is the id of an event: `String(cursor)` of a stream, or `end`.
   */
  at: number | string
  /** The next text of the user. Absent: the model is asked to go on with its answer. */
  prompt?: string | undefined
}
