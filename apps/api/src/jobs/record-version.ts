import type { FinishReason, JobError, JobErrorCode, JobMetrics, ShownMessage } from '@promptlab/contract'
import type { StoredFinalJob, StoredJob } from './job.ts'

/**
 * The newest form of a record that this version of the server reads and writes. Records of version 1 have a prompt, the
 * first three options, and an answer of text. Those of version 2 have messages, a previous job, parts, and all options,
 * finish reasons and error codes. Those of version 3 have carries, a time to be removed, and reasoning and refusals among
 * their messages. Those of version 4 have fallbacks, those of version 5 a limit of their cost, those of version 6 a
 * shared history. A request whose record older versions cannot read is refused while one of them shares the store.
 */
export const RECORD_VERSION = 6

const FIRST_OPTIONS: ReadonlySet<string> = new Set(['system', 'temperature', 'maxTokens'])

/** Parts of messages that readers of version 2 do not know. */
const LATER_PARTS: ReadonlySet<string> = new Set(['reasoning', 'refusal'])

/** The first version whose readers know all finish reasons and error codes. */
export const WORDS_VERSION = 2

/** What readers of version 1 take for a later finish reason. They fail at a record with a word that they do not know. */
const FIRST_REASONS: Partial<Record<FinishReason, FinishReason>> = { 'tool-calls': 'other', refusal: 'other' }
/** The same for error codes. `retryable` says that a wait does not help. */
const FIRST_CODES: Partial<Record<JobErrorCode, JobErrorCode>> = {
  'provider-quota-exceeded': 'provider-rate-limited',
  'previous-job-gone': 'internal',
}

/** How a job ended, if it has. */
interface Ending {
  readonly metrics?: JobMetrics
  readonly error?: JobError
}

/**
 * The version of the record that holds a job, see `RECORD_VERSION`. A tape needs no later version: older ones leave it out
 * when they read a job, and lose nothing but the times of its pieces. Fallbacks, a limit of the cost and a shared history need one: an
 * older process would run the job without them. A run state, what a job waits for and until when it is watched need none: an older
 * process asks the vendor again, asks it too early, or lets the job run on without clients, as it does with its own jobs. Nor
 * do its deliveries: a process of this version tells of the job's end, whichever process ended it.
 */
export function recordVersionOf(
  job: Pick<StoredJob, 'messages' | 'previousJobId' | 'options' | 'fallbacks' | 'carries' | 'maxCostUsd'> &
    Partial<Pick<StoredJob, 'parts' | 'deleteAfter' | 'reserved' | 'history'>> &
    Ending & { /** Whether it will have `deleteAfter`. */ readonly isHidden?: boolean },
): 1 | 2 | 3 | 4 | 5 | 6 {
  const {
    messages,
    previousJobId,
    parts,
    fallbacks,
    carries,
    deleteAfter,
    isHidden = deleteAfter !== undefined,
    options = {},
  } = job
  if (job.history !== undefined) return 6
  const isLimited = job.maxCostUsd !== undefined || job.reserved !== undefined
  if (isLimited || job.error?.code === 'budget-exceeded') return 5
  if (fallbacks !== undefined) return 4
  if (carries !== undefined || isHidden || messages?.some(hasLaterParts)) return 3
  const isMore = messages !== undefined || previousJobId !== undefined || parts !== undefined || hasLaterWords(job)
  return isMore || Object.keys(options).some((option) => !FIRST_OPTIONS.has(option)) ? 2 : 1
}

function hasLaterParts({ content }: ShownMessage): boolean {
  return typeof content !== 'string' && content.some(({ type }) => LATER_PARTS.has(type))
}

/** Whether a job ended with a finish reason or an error code that readers of version 1 do not know. */
export function hasLaterWords({ metrics, error }: Ending): boolean {
  const { finishReason } = metrics ?? {}
  return (
    (finishReason !== undefined && finishReason in FIRST_REASONS) || (error !== undefined && error.code in FIRST_CODES)
  )
}

/** The job with the nearest words that readers of version 1 know. */
export function inFirstWords(job: StoredFinalJob): StoredFinalJob {
  const { finishReason } = job.metrics
  const metrics = { ...job.metrics, ...(finishReason && { finishReason: FIRST_REASONS[finishReason] ?? finishReason }) }
  if (job.status !== 'failed') return { ...job, metrics }
  return { ...job, metrics, error: { ...job.error, code: FIRST_CODES[job.error.code] ?? job.error.code } }
}
