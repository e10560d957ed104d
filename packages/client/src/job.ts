/** What a caller may set on a completion; everything left out is the vendor's default. */
export interface JobOptions {
  /** Instructions that precede the prompt. */
  system?: string | undefined
  /** Sampling temperature, 0 to 2. */
  temperature?: number | undefined
  /** The most output tokens the vendor may produce. */
  maxTokens?: number | undefined
}

/** What a job is made from. */
export interface JobRequest {
  prompt: string
  /** A name from `providers()`. */
  provider: string
  /** One of the models of that provider. */
  model: string
  options?: JobOptions | undefined
}

/** How a job went. Durations are whole milliseconds. */
export interface JobMetrics {
  /** From the start of the run to its end. */
  durationMs: number
  /** Tokens streamed; `usage` has what the vendor counted. */
  tokenCount: number
  /** Time to first token, from the start of the run; null when no token came. */
  ttftMs: number | null
  /** From the creation of the job to the start of its run. */
  queuedMs: number
  /** How often the vendor was called; only calls without any token are repeated. */
  attempts: number
  /** Tokens as the vendor counts and bills them. */
  usage?: { inputTokens: number; outputTokens: number } | undefined
  /** Why the vendor stopped: by itself, at the token limit, by its content filter, or for a reason of its own. */
  finishReason?: 'stop' | 'length' | 'content-filter' | 'other' | undefined
}

/** Codes of a failed job: stable, for programs. */
export type JobErrorCode =
  | 'provider-auth'
  | 'provider-rate-limited'
  | 'provider-unavailable'
  | 'provider-timeout'
  | 'provider-rejected'
  | 'provider-malformed'
  | 'interrupted'
  | 'internal'

/** Why a job failed. */
export interface JobError {
  code: JobErrorCode
  /** A sentence a person can act on. */
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
  /** The text; of a job that did not complete, the part that was made. */
  result: string
  metrics: JobMetrics
}

export interface PendingJob extends JobBase {
  status: 'pending'
}
/** `result` and `metrics` are those of the last checkpoint, not of this instant; the stream has the live text. */
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

/** A prompt on its way through a provider: `pending → running → completed | failed | cancelled`. */
export type Job = PendingJob | RunningJob | FinalJob

export type JobStatus = Job['status']

interface Listed {
  /** The first 200 UTF-16 code units of the prompt at most, never half a surrogate pair. */
  prompt: string
  /** The length of the whole prompt, in UTF-16 code units. */
  promptLength: number
}

/** A job as lists show it: with the beginning of its prompt, and without its text. */
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
  /** Where the next page begins; null on the last one. */
  nextCursor: string | null
}

/** A provider, and whether jobs for it are accepted. */
export interface ProviderInfo {
  name: string
  models: string[]
  configured: boolean
  /** The environment variables that the server lacks. */
  missing: string[]
}

const STATUSES: ReadonlySet<unknown> = new Set<JobStatus>(['pending', 'running', 'completed', 'failed', 'cancelled'])

// What comes over the wire is checked for what tells an answer of this API from any other. To check every field would mean a
// schema library in every browser; the API holds its answers to its schemas, and a test holds those to these types.

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
