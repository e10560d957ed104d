import type { JobError, ProviderErrorCode, WaitingFor } from '@promptlab/contract'
import { type Message, ProviderError } from '@promptlab/providers'
import { OtherAnswerError } from '../answer/known-answer.ts'
import { BudgetReachedError } from '../budget/budget-reached-error.ts'
import type { CallFailure } from '../ports/job-tracer.ts'
import { PreviousJobGoneError } from '../ports/storage-errors.ts'
import { type JobInput, quotesInput } from './quoted-input.ts'

/** Ends a run because the server stops. */
export class JobInterruptedError extends Error {
  override readonly name = 'JobInterruptedError'

  constructor() {
    super('The server stopped while the job was running')
  }
}

/** Ends a run because a caller asked for it. */
export class JobCancelledError extends Error {
  override readonly name = 'JobCancelledError'

  constructor() {
    super('The job was cancelled')
  }
}

/** Ends a run because its job was ended by another process. The store refuses what the run would write. */
export class JobLostError extends Error {
  override readonly name = 'JobLostError'

  constructor() {
    super('The job was ended by another process')
  }
}

/** Ends a run whose answer has become longer than this server keeps. */
export class AnswerTooLongError extends Error {
  override readonly name = 'AnswerTooLongError'
  /** The most that is kept, such as `100 characters`. */
  readonly limit: string

  constructor(limit: string) {
    super(`The answer is longer than ${limit}`)
    this.limit = limit
  }
}

export const INTERRUPTED: JobError = {
  code: 'interrupted',
  message: 'The server stopped while this job was running. The text made until then was kept; create the job again.',
  retryable: true,
}

/** The vendor does not have the run of a job any more. */
export class VendorRunGoneError extends Error {
  override readonly name = 'VendorRunGoneError'

  constructor(cause: unknown) {
    super('The vendor does not have the run any more', { cause })
  }
}

/** Whether a run at a vendor could not be joined again. */
export function isUnjoinable(error: unknown): boolean {
  return error instanceof VendorRunGoneError || error instanceof OtherAnswerError
}

function unjoined(provider: string): JobError {
  return {
    ...INTERRUPTED,
    message: `The connection to ${provider} broke, and its run could not be joined again. The text made until then was kept; create the job again.`,
  }
}

/** Ends a run whose job waits again, because its vendor takes no calls now. */
export class JobPutBackError extends Error {
  override readonly name = 'JobPutBackError'
  readonly waitingFor: WaitingFor

  constructor(waitingFor: WaitingFor) {
    super(`The job waits until ${waitingFor.until}`)
    this.waitingFor = waitingFor
  }
}

/** Our own words for each failure. Most words of vendors may hold secrets, so they stay in the log. */
const PROVIDER_MESSAGES: Readonly<Record<ProviderErrorCode, (name: string) => string>> = {
  'provider-auth': (name) => `${name} refused the API key of this server. Its operator has to set a valid one.`,
  'provider-rate-limited': (name) => `${name} takes no more requests from this server at the moment. Try again later.`,
  'provider-quota-exceeded': (name) =>
    `The account of this server at ${name} has no credit left. Its operator has to add some.`,
  'provider-unavailable': (name) => `${name} could not be reached or failed. Try again later.`,
  'provider-timeout': (name) => `${name} took too long to answer. Try again later.`,
  'provider-rejected': (name) => `${name} refused this prompt, model or these options. Change them and try again.`,
  'model-unavailable': (name) =>
    `${name} does not have this model, or the account of this server may not use it. Choose another: GET /providers lists the models.`,
  'prompt-too-long': (name) =>
    `The prompt, with its conversation, is too long for this model of ${name}. Shorten it, or choose a model with a longer context.`,
  'provider-malformed': (name) => `${name} sent an answer that is incomplete or could not be read. Try again.`,
}

function ownWords({ code, retryAfterMs }: ProviderError, providerName: string): string {
  const words = PROVIDER_MESSAGES[code](providerName)
  if (retryAfterMs === undefined) return words
  return words.replace('Try again later.', `Try again in ${Math.ceil(retryAfterMs / 1000)} s.`)
}

/** Why a call of a provider ended. */
export function callFailureOf(error: unknown): CallFailure {
  if (error instanceof JobCancelledError) return 'cancelled'
  if (error instanceof ProviderError) return error.code
  if (error instanceof AnswerTooLongError) return 'answer-too-long'
  if (error instanceof BudgetReachedError) return 'budget-exceeded'
  return isInterruption(error) || isUnjoinable(error) ? 'interrupted' : 'internal'
}

function isInterruption(error: unknown): boolean {
  return error instanceof JobInterruptedError || error instanceof JobLostError
}

/**
 * The error that a failed job shows to callers.
 * @param input what the vendor was sent; undefined if nothing was sent
 */
export function describeFailure(
  error: unknown,
  job: JobInput & { readonly provider: string },
  input: string | readonly Message[] | undefined,
): JobError {
  if (isInterruption(error)) return INTERRUPTED
  if (isUnjoinable(error)) return unjoined(job.provider)
  if (error instanceof ProviderError) {
    const { code, retryable, retryAfterMs } = error
    const { sentence } = error
    const isShown = sentence !== undefined && !quotesInput(sentence, job, input)
    return {
      code,
      message: isShown ? sentence : ownWords(error, job.provider),
      retryable,
      ...(retryAfterMs !== undefined && { retryAfterMs: Math.round(retryAfterMs) }),
    }
  }
  if (error instanceof PreviousJobGoneError)
    return { code: 'previous-job-gone', message: error.message, retryable: false }
  if (error instanceof BudgetReachedError) return { code: 'budget-exceeded', message: error.message, retryable: false }
  if (error instanceof AnswerTooLongError) {
    const message = `The answer reached ${error.limit}, the most that this server keeps. What came until then was kept; set options.maxTokens to ask for less.`
    return { code: 'answer-too-long', message, retryable: false }
  }
  return {
    code: 'internal',
    message: 'The server failed while running this job. Its log has the details.',
    retryable: false,
  }
}
