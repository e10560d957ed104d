import type { FinalJob, PendingJob, ProviderErrorCode, RunningJob } from '@promptlab/contract'
import type { DoorName } from '../door.ts'

/** Counts what operators watch. It is called a few times a run and never for a token; it must not throw. */
export interface JobObserver {
  /**
   * A request has got its job.
   * @param door where the request was made; undefined for the native API
   * @param isNew whether the request created the job, or joined the one of an earlier request
   */
  jobCreated(door: DoorName | undefined, isNew: boolean): void
  /** A run begins in this process. */
  runStarted(job: RunningJob): void
  /** A run has ended in this process. */
  runEnded(job: FinalJob): void
  /** A run in this process has ended because the vendor takes no calls now, and its job waits again. */
  runPutBack(job: PendingJob): void
  /** A call of a provider has failed, whether or not the call is repeated. */
  providerFailed(provider: string, code: ProviderErrorCode): void
}
