/** The options of a job. The vendor's default applies where an option is left out. */
export interface JobOptions {
  /** Instructions that precede the prompt. */
  system?: string | undefined
  /** Sampling temperature, 0 to 2. */
  temperature?: number | undefined
  /** The most output tokens the vendor may produce. */
  maxTokens?: number | undefined
}

/** The request that creates a job. */
export interface JobRequest {
  prompt: string
  /** The name of a provider, from `providers()`. */
  provider: string
  /** A model of this provider. */
  model: string
  options?: JobOptions | undefined
}

/** Measurements of a job. Durations are whole milliseconds. */
export interface JobMetrics {
  /** From the start of the run to its end. */
  durationMs: number
  /** Token events streamed; `usage` has the vendor's count. */
  tokenCount: number
  /** Time to first token, from the start of the run; null when there was no token. */
  ttftMs: number | null
  /** From the creation of the job to the start of its run. */
  queuedMs: number
  /** How often the vendor was called. Only calls that gave no token are repeated. */
  attempts: number
  /** Tokens as the vendor counts and bills them. */
  usage?: { inputTokens: number; outputTokens: number } | undefined
  /** Why the model stopped: at its natural end, at the token limit, by the content filter, or for another reason. */
  finishReason?: 'stop' | 'length' | 'content-filter' | 'other' | undefined
}

/** The stable codes of a failed job, for programs. */
export type JobErrorCode =
  | 'provider-auth'
  | 'provider-rate-limited'
  | 'provider-unavailable'
  | 'provider-timeout'
  | 'provider-rejected'
  | 'provider-malformed'
  | 'answer-too-long'
  | 'interrupted'
  | 'internal'

/** Why a job failed. */
export interface JobError {
  code: JobErrorCode
  /** A sentence that says what a person can do. */
  message: string
  /** Whether the same job may succeed if it is created again. */
  retryable: boolean
}

interface JobBase extends JobRequest {
  id: string
  createdAt: string
  updatedAt: string
}
interface Progress {
  /** The text so far, or the whole text of a completed job. */
  result: string
  metrics: JobMetrics
}

export interface PendingJob extends JobBase {
  status: 'pending'
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

/** The options of a job in a list: the numbers, and the beginning of the system text. */
export interface ListedOptions {
  /** The first 200 UTF-16 code units of the system text at most, never half a surrogate pair. */
  system?: string | undefined
  /** The length of the whole system text, in UTF-16 code units. Present if there is one. */
  systemLength?: number | undefined
  temperature?: number | undefined
  maxTokens?: number | undefined
}

interface Listed {
  /** The first 200 UTF-16 code units of the prompt at most, never half a surrogate pair. */
  prompt: string
  /** The length of the whole prompt, in UTF-16 code units. */
  promptLength: number
  options?: ListedOptions | undefined
}

/** A job in a list, with the beginnings of its prompt and its system text, and without its answer. */
export type JobSummary = Listed &
  (
    | PendingJob
    | Omit<RunningJob, 'result'>
    | Omit<CompletedJob, 'result'>
    | Omit<FailedJob, 'result'>
    | Omit<CancelledJob, 'result'>
  )

/** A page of jobs, newest first. */
export interface JobPage {
  data: JobSummary[]
  /** The cursor of the next page; null on the last page. */
  nextCursor: string | null
}

/** A provider, and whether the server accepts jobs for it. */
export interface ProviderInfo {
  name: string
  models: string[]
  /** Whether the server accepts jobs for this provider. */
  configured: boolean
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

export function isProviderList(value: unknown): value is ProviderInfo[] {
  return Array.isArray(value) && value.every((each) => isObject(each) && Array.isArray(each['models']))
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
