import type { FinalJob, ProviderErrorCode, RunningJob } from '@promptlab/contract'

/** What an operator may want to count. Called once for each thing that happens, never for a token; it must not throw. */
export interface JobObserver {
  /** A job begins to run here. */
  runStarted(job: RunningJob): void
  /** Its run here is over. */
  runEnded(job: FinalJob): void
  /** A call of a provider failed, whether or not it is made again. */
  providerFailed(provider: string, code: ProviderErrorCode): void
}
