import type { Delivery, FinalJob, PendingJob, ProblemCode, ProviderErrorCode, RunningJob } from '@promptlab/contract'
import type { DoorName } from '../door.ts'

/** What became of an attempt to deliver the news of a job. `failed`: another attempt follows. */
export type DeliveryOutcome = Exclude<Delivery['status'], 'waiting'> | 'failed'

/** Why a job was refused that has a limit of its cost. */
export type BudgetRefusal = Extract<ProblemCode, 'budget-exceeded' | 'unpriced-model'>

/** Counts what operators watch. It is called a few times a run and never for a token; it must not throw. */
export interface JobObserver {
  /**
   * A request has got its job.
   * @param door where the request was made; undefined for the native API
   * @param isNew whether the request created the job, or joined the one of an earlier request
   */
  jobCreated(door: DoorName | undefined, isNew: boolean): void
  /** A request got no job, because its cost could not be limited or was too high. */
  budgetRefused(reason: BudgetRefusal): void
  /** A run begins in this process. */
  runStarted(job: RunningJob): void
  /** A run has ended in this process. */
  runEnded(job: FinalJob): void
  /** A run in this process has ended because the vendor takes no calls now, and its job waits again. */
  runPutBack(job: PendingJob): void
  /** A call of a provider has failed, whether or not the call is repeated. */
  providerFailed(provider: string, code: ProviderErrorCode): void
  /** An attempt to tell a receiver of the end of a job is over. */
  newsSent(outcome: DeliveryOutcome): void
}
