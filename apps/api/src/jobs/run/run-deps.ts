import type { LLMProvider, Message, RequestLimits } from '@promptlab/providers'
import type { Clock } from '../../base/clock.ts'
import type { Logger } from '../../base/logger.ts'
import type { RefusedLimits } from '../budget/refused-limits.ts'
import type { StoredRunningJob } from '../job.ts'
import type { JobObserver } from '../ports/job-observer.ts'
import type { RefusedCall } from '../ports/job-queue.ts'
import type { RunTrace } from '../ports/job-tracer.ts'
import type { Prices } from '../ports/prices.ts'
import type { JobCheckpoint } from '../ports/stored-values.ts'
import type { TokenLog } from '../ports/token-log.ts'
import type { Choice } from './choices.ts'
import type { RunPolicy } from './run-policy.ts'

/** What a run uses. */
export interface JobRunDeps {
  readonly providerOf: (name: string) => LLMProvider | undefined
  /** Reads what the job asks, as it is sent to a provider. */
  readonly readInput: (job: StoredRunningJob, provider: string) => Promise<string | readonly Message[]> | string
  /** Stores progress at once. Rejects when the run must end. */
  readonly store: (progress: JobCheckpoint) => Promise<void>
  readonly tokenLog: TokenLog
  readonly clock: Clock
  readonly logger: Logger
  readonly observer: JobObserver
  readonly trace: RunTrace | undefined
  readonly policy: RunPolicy
  readonly onRefused: (call: RefusedCall) => void
  /** Who learns what the vendor of a call tells of the requests that it still takes. */
  readonly limitsOf: (choice: Choice) => (limits: RequestLimits) => void
  /** Undefined if nothing is priced. */
  readonly prices?: Prices | undefined
  /** Shared by all runs of this process. */
  readonly refusedLimits: RefusedLimits
}
