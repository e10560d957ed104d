import { ApiError } from '../base/api-error.ts'
import { answerLength } from '../jobs/answer/stored-answer.ts'
import type { StoredFinalJob } from '../jobs/job.ts'
import { withHeaderOfDoor } from './asked-max-cost.ts'
import { isCutAtBudget } from './finish.ts'

/** Answers a foreground request whose job did not complete. */
export class JobEndedError extends ApiError {
  override readonly name = 'JobEndedError'
  /** Whether the model had said something. A repeat of the request would pay for it again. */
  readonly hasAnswer: boolean

  private constructor(code: ApiError['code'], message: string, hasAnswer: boolean, retryAfterMs?: number) {
    super(code, message, retryAfterMs === undefined ? {} : { retryAfterSeconds: Math.ceil(retryAfterMs / 1000) })
    this.hasAnswer = hasAnswer
  }

  /** Undefined if the job completed, or was stopped at its budget behind a part of its answer, see `finishOf`. */
  static of(job: StoredFinalJob): JobEndedError | undefined {
    const hasAnswer = answerLength(job) > 0
    if (isCutAtBudget(job)) return undefined
    switch (job.status) {
      case 'completed':
        return undefined
      case 'failed':
        return new JobEndedError(job.error.code, withHeaderOfDoor(job.error), hasAnswer, job.error.retryAfterMs)
      case 'cancelled':
        return new JobEndedError('job-cancelled', 'The job was cancelled.', hasAnswer)
    }
  }
}

/**
 * An error with the parameters of a door instead of the paths of a job.
 * @param paramOf the parameter that a path of the job stands for
 */
export function inWordsOfDoor(error: ApiError, paramOf: (path: string) => string): ApiError {
  const { code, message, faults, retryAfterSeconds, cause } = error
  if (!faults) return error
  const inWords = faults.map((fault) => ({ ...fault, path: paramOf(fault.path) }))
  const isListed = faults.every(({ path }) => message.includes(path))
  const sentences = inWords.map(({ path, message }) => `${path}: ${/[.?]$/.test(message) ? message : `${message}.`}`)
  return new ApiError(code, isListed ? sentences.join(' ') : message, {
    faults: inWords,
    cause,
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
  })
}

/** Codes of refusals that the same request meets again, although their status makes SDKs repeat it. */
const LASTING: ReadonlySet<ApiError['code']> = new Set([
  'budget-exceeded',
  'provider-auth',
  'provider-key-missing',
  'provider-quota-exceeded',
  'storage-full',
])
/** SDKs ignore a longer time. */
const LONGEST_RETRY_AFTER_MS = 60_000

/** The headers that tell an SDK whether and when to send the request again. */
export function retryHeaders(error: ApiError): Record<string, string> {
  const { code, retryAfterSeconds } = error
  const isLasting = LASTING.has(code) || (error instanceof JobEndedError && error.hasAnswer)
  const retryAfterMs = retryAfterSeconds === undefined ? undefined : retryAfterSeconds * 1000
  return {
    ...(isLasting && { 'x-should-retry': 'false' }),
    ...(retryAfterMs !== undefined && {
      'retry-after': String(retryAfterSeconds),
      'retry-after-ms': String(Math.min(retryAfterMs, LONGEST_RETRY_AFTER_MS)),
    }),
  }
}
