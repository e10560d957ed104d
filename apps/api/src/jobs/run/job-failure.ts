import type { JobError, JobErrorCode } from '@promptlab/contract'
import { ProviderError } from '@promptlab/providers'
import type { CallFailure } from '../ports/job-tracer.ts'

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
  /** The greatest length, in UTF-16 code units. */
  readonly maxLength: number

  constructor(maxLength: number) {
    super(`The answer is longer than ${maxLength} characters`)
    this.maxLength = maxLength
  }
}

export const INTERRUPTED: JobError = {
  code: 'interrupted',
  message: 'The server stopped while this job was running. The text made until then was kept; create the job again.',
  retryable: true,
}

/** Our own words for each failure. A vendor's words may hold secrets, so they stay in the log. */
const PROVIDER_MESSAGES: Readonly<
  Record<Exclude<JobErrorCode, 'answer-too-long' | 'interrupted' | 'internal'>, (name: string) => string>
> = {
  'provider-auth': (name) => `${name} refused the API key of this server. Its operator has to set a valid one.`,
  'provider-rate-limited': (name) => `${name} takes no more requests from this server at the moment. Try again later.`,
  'provider-unavailable': (name) => `${name} could not be reached or failed. Try again later.`,
  'provider-timeout': (name) => `${name} took too long to answer. Try again later.`,
  'provider-rejected': (name) => `${name} refused this prompt, model or these options. Change them and try again.`,
  'provider-malformed': (name) => `${name} sent an answer that is incomplete or could not be read. Try again.`,
}

/** Why a call of a provider ended. */
export function callFailureOf(error: unknown): CallFailure {
  if (error instanceof JobCancelledError) return 'cancelled'
  if (error instanceof ProviderError) return error.code
  if (error instanceof AnswerTooLongError) return 'answer-too-long'
  return isInterruption(error) ? 'interrupted' : 'internal'
}

function isInterruption(error: unknown): boolean {
  return error instanceof JobInterruptedError || error instanceof JobLostError
}

/** The error that a failed job shows to callers. */
export function describeFailure(error: unknown, providerName: string): JobError {
  if (isInterruption(error)) return INTERRUPTED
  if (error instanceof ProviderError) {
    const { code, retryable } = error
    return { code, message: PROVIDER_MESSAGES[code](providerName), retryable }
  }
  if (error instanceof AnswerTooLongError) {
    const message = `The answer reached ${error.maxLength} characters, the most that this server keeps. The text until then was kept; set options.maxTokens to ask for less.`
    return { code: 'answer-too-long', message, retryable: false }
  }
  return {
    code: 'internal',
    message: 'The server failed while running this job. Its log has the details.',
    retryable: false,
  }
}
