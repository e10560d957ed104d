import type { FinalJob, ProviderErrorCode, RunningJob } from '@promptlab/contract'

/** Counts what operators watch. It is called a few times a run and never for a token; it must not throw. */
export interface JobObserver {
  /** A run begins in this process. */
  runStarted(job: RunningJob): void
  /** A run has ended in this process. */
  runEnded(job: FinalJob): void
  /** A call of a provider has failed, whether or not the call is repeated. */
  providerFailed(provider: string, code: ProviderErrorCode): void
}
