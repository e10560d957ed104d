import type { Cost, Fallback, FinalJob, JobErrorCode, PendingJob } from '@promptlab/contract'
import type { CompletionSummary } from '@promptlab/providers'
import type { StoredRunningJob } from '../job.ts'

/**
 * Makes a trace of each job, from the request that created it to the calls of its provider. It is called a few times a job and
 * never for a token; it must not throw. There is no tracer when tracing is off.
 */
export interface JobTracer {
  requestStarted(request: TracedRequest): RequestTrace
  /** @param traceparent of the request that created the job; without it the run begins a trace of its own */
  runStarted(job: StoredRunningJob, traceparent: string | undefined): RunTrace
  /** Sends the remaining spans within a few seconds, or drops them. */
  close(): Promise<void>
}

export interface TracedRequest {
  readonly method: string
  /** The pattern of the route. */
  readonly route: string
  readonly path: string
  /** `http` or `https`. */
  readonly scheme: string
  /** The client's position in its own trace (W3C Trace Context). An invalid value is ignored. */
  readonly traceparent: string | undefined
}

/** The span of a request. */
export interface RequestTrace {
  readonly traceId: string
  /** The span's position in the trace (W3C Trace Context), which goes with the job into the queue. */
  readonly traceparent: string
  /** The answer was sent or cut off. */
  ended(answer: TracedAnswer): void
}

interface TracedAnswer {
  readonly status: number
  readonly jobId: string | undefined
  readonly caller: string | undefined
}

/** The span of a run. */
export interface RunTrace {
  readonly traceId: string
  /** A call of a provider begins. */
  callStarted(called: Fallback): CallTrace
  /** The run has ended, and with it any call that has not; the job has ended, or waits again. */
  ended(job: FinalJob | PendingJob): void
}

/** The span of one call of a provider. One of its methods is called, at most once. */
export interface CallTrace {
  /**
   * @param firstTokenMs milliseconds from the start of the call to its first token; undefined without one
   * @param cost undefined if the provider is free
   */
  completed(summary: CompletionSummary | undefined, firstTokenMs: number | undefined, cost: Cost | undefined): void
  failed(reason: CallFailure, firstTokenMs: number | undefined, cost: Cost | undefined): void
}

/** Why a call did not complete. A cancelled job is not an error. */
export type CallFailure = JobErrorCode | 'cancelled'
