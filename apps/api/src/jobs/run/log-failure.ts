import { type Message, ProviderError } from '@promptlab/providers'
import type { Logger } from '../../base/logger.ts'
import type { StoredRunningJob } from '../job.ts'
import type { JobObserver } from '../ports/job-observer.ts'
import type { Choice } from './choices.ts'
import { loggableWords } from './loggable-words.ts'

interface FailedRun {
  readonly job: StoredRunningJob
  /** Whom the failed call asked. */
  readonly choice: Choice
  /** What the vendor was sent; undefined if nothing was sent. */
  readonly input: string | readonly Message[] | undefined
  /** The text of the answer so far. */
  readonly result: string
  readonly traceId: string | undefined
}

interface Deps {
  readonly logger: Logger
  readonly observer: JobObserver
}

/** Logs and counts the failure of a call. No secret and nothing of the input gets into the log, unless it has level `debug`. */
export function logFailure(message: string, error: unknown, failed: FailedRun, { logger, observer }: Deps): void {
  const { job, choice, input, result, traceId } = failed
  const fields = { jobId: job.id, provider: choice.provider, model: choice.model, traceId }
  if (!(error instanceof ProviderError)) {
    logger.warn({ err: error, ...fields }, message)
    return
  }
  const { code, status, retryAfterMs, address } = error
  observer.providerFailed(choice.provider, code)
  const vendorWords = loggableWords(error, job, input, result)
  logger.warn({ ...fields, code, status, retryAfterMs, address, vendorWords }, message)
  // The whole error may quote the prompt.
  logger.debug({ jobId: job.id, err: error }, 'error of the provider')
}
