import type { TextPart, ToolCallPart } from './content.ts'
import { type FinishReason, isObject, type JobErrorCode, type TokenUsage } from './job.ts'
import type { JobOptions } from './job-options.ts'

/** Whole content: bytes in base64, or an address. */
interface Source {
  mediaType?: string | undefined
  data?: string | undefined
  url?: string | undefined
}
type UserContent =
  | string
  | (TextPart | ({ type: 'image' } & Source) | ({ type: 'file'; name?: string | undefined } & Source))[]

/** A message of a recorded request, with all of its content. */
export type FixtureMessage =
  | { role: 'system'; content: string | TextPart[] }
  | { role: 'user'; content: UserContent }
  | {
      role: 'assistant'
      content:
        | string
        | (TextPart | { type: 'reasoning'; text: string } | { type: 'refusal'; text: string } | ToolCallPart)[]
    }
  | { role: 'tool'; content: { type: 'tool-result'; callId: string; content: UserContent }[] }

/** A value of JSON. */
type JsonValue = string | number | boolean | null | JsonValue[] | { [name: string]: JsonValue }

/** A piece of a recorded answer. `carry` is what the vendor wants back with its part in the next turn. */
export type FixturePiece = {
  /** Milliseconds since the piece before, or since the start. */
  afterMs?: number | undefined
} & (
  | { type: 'text' | 'reasoning' | 'refusal'; text: string; carry?: JsonValue }
  | { type: 'tool-call'; callId: string; name: string }
  | { type: 'tool-arguments'; text: string }
  | { type: 'tool-call-end'; carry?: JsonValue }
)

interface Failure {
  error?: Exclude<JobErrorCode, OwnErrorCode> | undefined
  /** What callers are told. */
  message?: string | undefined
  retryable?: boolean | undefined
  retryAfterMs?: number | undefined
  /** The HTTP status of the vendor. */
  status?: number | undefined
  /** The vendor says nothing more, and does not end. */
  hang?: true | undefined
}
/** The codes of failures that are none of a vendor. */
type OwnErrorCode = 'answer-too-long' | 'budget-exceeded' | 'previous-job-gone' | 'interrupted' | 'internal'

/** A job that has ended as a recorded call of its vendor, which the provider `replay` plays. */
export interface Fixture {
  version: 1
  /** Anything that a reader should know. */
  note?: string | undefined
  /** The job that was recorded. */
  from?: { jobId: string; createdAt: string } | undefined
  /** Only requests that are equal to this one get the answer. It has either `prompt` or `messages`. */
  request: {
    provider: string
    model: string
    prompt?: string | undefined
    messages?: FixtureMessage[] | undefined
    options?: JobOptions | undefined
  }
  answer: FixturePiece[]
  end: Failure & {
    afterMs?: number | undefined
    finishReason?: FinishReason | undefined
    usage?: TokenUsage | undefined
  }
  /** Calls that fail instead, written by hand. */
  faults?: (Failure & { call: number; afterPieces?: number | undefined })[] | undefined
}

export function isFixture(value: unknown): value is Fixture {
  return isObject(value) && value['version'] === 1 && isObject(value['request']) && Array.isArray(value['answer'])
}
