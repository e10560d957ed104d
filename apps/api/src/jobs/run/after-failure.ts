import type { ProviderErrorCode, WaitingFor } from '@promptlab/contract'
import { ProviderError } from '@promptlab/providers'

/** What a run does after a call has failed. */
export type AfterFailure =
  /** It calls again, after a pause of at least `waitMs`. */
  | { readonly action: 'call-again'; readonly waitMs: number }
  /** It ends, and its job goes back in line. */
  | { readonly action: 'put-back'; readonly waitingFor: WaitingFor }
  | { readonly action: 'fail' }

/** How things stand when a call has failed. Times are milliseconds since the epoch. */
export interface FailedCall {
  readonly error: unknown
  readonly now: number
  /** Whether anything of the answer was published. */
  readonly hasPublished: boolean
  /** How many calls this run has made. */
  readonly calls: number
  /** How many calls the runs before have made. */
  readonly callsBefore: number
  /** Until when the job may wait for its vendor. */
  readonly patientUntil: number
  /** Whether a client waits for the answer at a door. */
  readonly isForeground: boolean
  /** 0 to 1, so that jobs which were refused together are not called together. */
  readonly random: number
}

/** Failures after which a call is repeated. After a time-out or an unreadable answer the call may have been paid for. */
const REPEATED: ReadonlySet<ProviderErrorCode> = new Set(['provider-rate-limited', 'provider-unavailable'])
const MAX_CALLS = 3
/** When a vendor asks for a longer wait, a run does not sit it out. */
const LONGEST_WAIT_IN_RUN_MS = 60_000
/** Statuses by which a vendor says that it has too much to do. */
const OVERLOADED: ReadonlySet<number | undefined> = new Set([503, 529])
/** The wait of a job whose vendor does not say for how long. It doubles with each call. */
const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 30_000
/** A vendor that tells how long to wait, and refuses the same job after that more often, is called less and less often. */
const TRUSTED_CALLS = 4

/** Decides how a job goes on. Nothing is ever asked again once a piece of the answer was published. */
export function afterFailure(failed: FailedCall): AfterFailure {
  const { error, now, calls, callsBefore } = failed
  if (failed.hasPublished || !(error instanceof ProviderError)) return { action: 'fail' }
  const reason = refusalOf(error)
  if (reason) {
    const until = now + waitMsOf(error, calls + callsBefore, failed.random)
    if (until <= failed.patientUntil) {
      return { action: 'put-back', waitingFor: { reason, until: new Date(until).toISOString() } }
    }
    // A job that has waited in line has had its calls. A client at a door is told at once.
    if (callsBefore > 0 || failed.isForeground) return { action: 'fail' }
  }
  const waitMs = error.retryAfterMs ?? 0
  const isRepeated = error.retryable && REPEATED.has(error.code)
  return isRepeated && calls < MAX_CALLS && waitMs <= LONGEST_WAIT_IN_RUN_MS
    ? { action: 'call-again', waitMs }
    : { action: 'fail' }
}

/** Why the vendor takes no call now, if that passes by itself. A limit of spending does not pass. */
export function refusalOf({ code, status, retryable }: ProviderError): WaitingFor['reason'] | undefined {
  if (!retryable) return undefined
  if (code === 'provider-rate-limited') return 'rate-limit'
  return code === 'provider-unavailable' && OVERLOADED.has(status) ? 'overload' : undefined
}

/** @param calls all calls of the job until now */
function waitMsOf({ retryAfterMs: toldMs }: ProviderError, calls: number, random: number): number {
  if (toldMs === undefined) return ownWaitMs(calls, random)
  return calls <= TRUSTED_CALLS ? toldMs : Math.max(toldMs, ownWaitMs(calls - TRUSTED_CALLS, random))
}

function ownWaitMs(calls: number, random: number): number {
  const waitMs = Math.min(FIRST_WAIT_MS * 2 ** Math.max(0, calls - 1), LONGEST_WAIT_MS)
  return Math.round(waitMs * (1 + random / 2))
}
