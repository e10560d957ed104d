import type { TimeLimits } from './time-limits.ts'

/** The limits of a run in time, and how calls are repeated. */
export interface RunPolicy extends TimeLimits {
  /**
   * The longest answer: its places, and the characters of what takes no place, see `Answer.unseenLength`. A longer one fails the
   * job, which keeps the answer up to here.
   */
  readonly maxAnswerLength: number
  /** The shortest pause before the second call, in milliseconds. The pause doubles with each call, with jitter. */
  readonly retryDelayMs: number
  /** How long a job may wait for a vendor that takes no calls, from its creation, in milliseconds. */
  readonly patienceMs: number
}
