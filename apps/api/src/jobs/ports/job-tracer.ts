import type { FinalJob, JobErrorCode, RunningJob } from '@promptlab/contract'
import type { CompletionSummary } from '@promptlab/providers'
import type { Owned } from '../job.ts'

/**
 * Follows a job from the request that made it to the calls of its provider, for whoever collects traces. Told a few things
 * for each job and nothing for a token; it must not throw. Where nobody collects, there is none.
 */
export interface JobTracer {
  requestStarted(request: TracedRequest): RequestTrace
  /** @param traceparent that of the request which made the job; without one the run begins a trace of its own */
  runStarted(job: RunningJob & Owned, traceparent: string | undefined): RunTrace
  /** Delivers what is left, within a few seconds, or gives it up. */
  close(): Promise<void>
}

export interface TracedRequest {
  readonly method: string
  /** The pattern of the route. */
  readonly route: string
  readonly path: string
  /** `http` or `https`. */
  readonly scheme: string
  /** Where in its own trace the client is, as W3C Trace Context writes it; one that is not valid is ignored. */
  readonly traceparent: string | undefined
}

/** The part of a trace that is a request. */
export interface RequestTrace {
  readonly traceId: string
  /** Where it is in the trace, as W3C Trace Context writes it: what goes with a job into the queue. */
  readonly traceparent: string
  /** Its answer is over, sent or cut off. */
  ended(answer: TracedAnswer): void
}

interface TracedAnswer {
  readonly status: number
  readonly jobId: string | undefined
  readonly caller: string | undefined
}

/** The part of a trace that is the run of a job. */
export interface RunTrace {
  readonly traceId: string
  /** The provider is called, for the first time or again. */
  callStarted(): CallTrace
  /** The run is over, and with it a call that did not heed that it was to stop. */
  ended(job: FinalJob): void
}

/** The part of a trace that is one call of a provider; told of its end once, or never. */
export interface CallTrace {
  /** @param firstTokenMs time from the start of the call to its first token, if there was one */
  completed(summary: CompletionSummary | undefined, firstTokenMs: number | undefined): void
  failed(reason: CallFailure, firstTokenMs: number | undefined): void
}

/** Why a call did not complete; that a caller cancelled the job is not an error. */
export type CallFailure = JobErrorCode | 'cancelled'
