import type { OutputPart } from './answer.ts'
import type { ShownMessage } from './content.ts'
import type { JobOptions, ListedOptions } from './job-options.ts'

/** A provider and its model, asked when those before failed. */
export interface Fallback {
  /** The name of a provider, from `providers()`. */
  provider: string
  /** A model of this provider. */
  model: string
}

/** The number of tokens, as the vendor counts and bills them. */
export interface TokenUsage {
  inputTokens: number
  /** All tokens that the model generated, its reasoning among them. */
  outputTokens: number
  /** Those of the input that came from a cache. */
  cachedInputTokens?: number | undefined
  /** Those of the input that were written into a cache. */
  cacheWriteTokens?: number | undefined
  /** Those of the output that are reasoning. */
  reasoningTokens?: number | undefined
}

/**
 * Why the model stopped: by itself, at the token limit, by the content filter, to have tools called, because it refused, or for
 * another reason.
 */
export type FinishReason = 'stop' | 'length' | 'content-filter' | 'tool-calls' | 'refusal' | 'other'

/** Measurements of a job. Durations are whole milliseconds. */
export interface JobMetrics {
  /** From the start of the run to its end. */
  durationMs: number
  /** The number of pieces of text; `usage` has the vendor's count. */
  tokenCount: number
  /** Time to the first token of text, from the start of the run; null when no text came. */
  ttftMs: number | null
  /** Time to the first piece of any kind. Present if the answer is more than text. */
  firstPieceMs?: number | undefined
  /** From the creation of the job to the start of its run. */
  queuedMs: number
  /** How often the vendor was called. Only calls that gave nothing are repeated. */
  attempts: number
  /** Present if the vendor reported it. */
  usage?: TokenUsage | undefined
  /** Present if the vendor reported it. */
  finishReason?: FinishReason | undefined
  /** What all calls of the vendor cost. Not in the view `text` of streams. */
  cost?: Cost | undefined
  /** Whose answer it is. Present if a fallback was asked. */
  answeredBy?: Fallback | undefined
  /** The calls of the vendor, in order. Not in the view `text` of streams. */
  calls?: VendorCall[] | undefined
}

/** What was spent, and how it is known. */
export interface Cost {
  /** US dollars. Absent if the cost is unknown; it is never 0 then. */
  usd?: number | undefined
  /** As the vendor says, at the list price of the model, estimated, or not known. */
  priced: 'vendor' | 'exact' | 'estimated' | 'unknown'
}

/** One call of a vendor. */
export interface VendorCall {
  provider: string
  model: string
  startedAt: string
  /** Absent while the call goes on. */
  endedBecause?: 'completed' | 'cancelled' | JobErrorCode | undefined
  cost?: Cost | undefined
}

/** The stable codes of a failed job, for programs. */
export type JobErrorCode =
  | 'provider-auth'
  | 'provider-rate-limited'
  | 'provider-quota-exceeded'
  | 'provider-unavailable'
  | 'provider-timeout'
  | 'provider-rejected'
  | 'provider-malformed'
  | 'model-unavailable'
  | 'prompt-too-long'
  | 'answer-too-long'
  | 'budget-exceeded'
  | 'previous-job-gone'
  | 'interrupted'
  | 'internal'

/** Why a job failed. */
export interface JobError {
  code: JobErrorCode
  /** A sentence that says what a person can do. */
  message: string
  /** Whether the same job may succeed if it is created again. */
  retryable: boolean
  /** In how many milliseconds, counted from the end of the job. Present if the vendor said it. */
  retryAfterMs?: number | undefined
}

interface JobBase {
  id: string
  /** The prompt, or the last text of the user in a job that was made of messages. */
  prompt: string
  /** Present if the job was made of messages. */
  messages?: ShownMessage[] | undefined
  /** The job whose conversation goes on. */
  previousJobId?: string | undefined
  provider: string
  model: string
  options?: JobOptions | undefined
  /** Who is asked instead when a vendor fails before anything came. */
  fallbacks?: Fallback[] | undefined
  maxCostUsd?: number | undefined
  webhook?: { url: string } | undefined
  /** The caller's own notes. */
  metadata?: Record<string, string> | undefined
  /** The job whose input this one was made of. */
  rerunOf?: string | undefined
  /** The job whose answer this one goes on with, from a place in it. */
  forkOf?: { jobId: string; at: number } | undefined
  createdAt: string
  updatedAt: string
  /** The paths of the job on the server. */
  links: {
    self: string
    cancel: string
    /** The stream of the job. On a server with keys it is signed, so that an `EventSource`, which sends no headers, may read it. */
    stream: string
  }
}
interface Progress {
  /** The text so far, or the whole text of a completed job. */
  result: string
  /** Everything that the model said, in order. Absent if that is the text in `result` and nothing else. */
  output?: OutputPart[] | undefined
  metrics: JobMetrics
}

/** Why a job that ran already waits again. */
export interface WaitingFor {
  /** The vendor takes no more requests of this server, or no more from anybody. */
  reason: 'rate-limit' | 'overload'
  /** When the vendor is asked again, at the earliest. */
  until: string
}

export interface PendingJob extends JobBase {
  status: 'pending'
  /** Present if a vendor told the job to wait. */
  waitingFor?: WaitingFor | undefined
}
/** `result` and `metrics` are as of the last checkpoint, within the last second; the stream has the live text. */
export interface RunningJob extends JobBase, Progress {
  status: 'running'
}
export interface CompletedJob extends JobBase, Progress {
  status: 'completed'
}
export interface FailedJob extends JobBase, Progress {
  status: 'failed'
  error: JobError
}
export interface CancelledJob extends JobBase, Progress {
  status: 'cancelled'
}

/** A job whose status never changes again. */
export type FinalJob = CompletedJob | FailedJob | CancelledJob

/** A job in one of its states: `pending → running → completed | failed | cancelled`. */
export type Job = PendingJob | RunningJob | FinalJob

export type JobStatus = Job['status']

interface Listed {
  /** The first 200 UTF-16 code units of the prompt at most, never half a surrogate pair. */
  prompt: string
  /** The length of the whole prompt, in UTF-16 code units. */
  promptLength: number
  options?: ListedOptions | undefined
}

type WithoutContent<Each> = Each extends Job
  ? Omit<Each, 'messages' | 'fallbacks' | 'result' | 'output' | keyof Listed>
  : never

/** A job in a list, with the beginnings of its prompt and its system text, without its answer and its fallbacks. */
export type JobSummary = Listed & WithoutContent<Job>

/** A page of jobs, newest first. */
export interface JobPage {
  data: JobSummary[]
  /** The cursor of the next page; null on the last page. */
  nextCursor: string | null
}

/** A job and those before it that it goes on with. */
export interface ConversationPage {
  /** Oldest first; the last one is the job that was asked for. */
  data: Job[]
  /** Whether the conversation begins with the first job here, begins earlier, or earlier jobs were deleted. */
  earlier: 'none' | 'more' | 'deleted'
}

/** What a vendor's list says that a model can do. A key is absent where the list does not say. */
export interface ModelCapabilities {
  /** Whether the model calls tools. */
  tools?: boolean | undefined
  /** Whether the model takes images. */
  images?: boolean | undefined
  /** Whether the model takes files, such as PDF, itself. */
  files?: boolean | undefined
  /** Whether the model keeps to a JSON Schema. */
  schema?: boolean | undefined
  /** Whether the model can reason before it answers. */
  reasoning?: boolean | undefined
}

/** A provider, and whether the server accepts jobs for it. */
export interface ProviderInfo {
  name: string
  models: string[]
  /** Where `models` comes from. */
  modelList: {
    /** Who named the models: the operator, the vendor, or nobody but this version of the server. */
    source: 'settings' | 'vendor' | 'default'
    /** How long ago the vendor told its models, in seconds. Present if the source is `vendor`. */
    ageSeconds?: number | undefined
    /** Whether a job may name a model that is not in `models`. */
    anyName: boolean
  }
  /**
   * What models can do, by their names, as far as the list of the vendor says it. No job is refused for it: such lists
   * lag, and differ from what the vendor takes.
   */
  modelCapabilities?: Record<string, ModelCapabilities> | undefined
  /** Whether the server accepts jobs for this provider. */
  configured: boolean
  /** What jobs may ask of the provider. Anything else is refused with `unsupported-option`. */
  capabilities: {
    /** Whether the provider takes conversations, not only a prompt. */
    messages: boolean
    /** The options that the provider keeps. */
    options: (keyof JobOptions)[]
    /** What the type of `options.responseFormat` may be. */
    responseFormats: ('text' | 'json' | 'json-schema')[]
    /** The media types of images that it takes. */
    imageTypes: string[]
    /** The media types of files that it takes. */
    fileTypes: string[]
    /** Whether images and files may be given by their address. */
    urls: boolean
  }
  /** The environment variables that must be set on the server before it accepts jobs for this provider. */
  missing: string[]
}

const STATUSES: ReadonlySet<unknown> = new Set<JobStatus>(['pending', 'running', 'completed', 'failed', 'cancelled'])

// The client checks only the fields that identify a response of this API. Checking every field would need a schema
// library in every browser. The API serializes by its schemas, and a test compares those schemas with these types.

export function isJob(value: unknown): value is Job {
  return isObject(value) && typeof value['id'] === 'string' && STATUSES.has(value['status'])
}

export function isFinalJob(value: unknown): value is FinalJob {
  return isJob(value) && value.status !== 'pending' && value.status !== 'running'
}

export function isJobPage(value: unknown): value is JobPage {
  return isObject(value) && Array.isArray(value['data']) && value['data'].every(isJob) && 'nextCursor' in value
}

export function isConversationPage(value: unknown): value is ConversationPage {
  return isObject(value) && Array.isArray(value['data']) && value['data'].every(isJob) && 'earlier' in value
}

export function isProviderList(value: unknown): value is ProviderInfo[] {
  return Array.isArray(value) && value.every((each) => isObject(each) && Array.isArray(each['models']))
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
