import { isObject, type JobErrorCode, type JobMetrics } from './job.ts'

/** The base of all errors of this client. An aborted call throws the reason of its signal instead. */
export class PromptLabError extends Error {
  override readonly name: string = 'PromptLabError'
}

/** An error response of the server, `application/problem+json` (RFC 9457). */
export interface Problem {
  type: string
  title: string
  status: number
  /** A sentence that says what is wrong and what to do. */
  detail: string
  instance: string
  /** A stable code for programs. */
  code: string
  requestId: string
  /** Every fault of an invalid request. */
  errors?: { path: string; message: string }[] | undefined
}

/** The server refused the request. `message` is the server's sentence. */
export class ApiError extends PromptLabError {
  override readonly name = 'ApiError'
  /** The HTTP status. */
  readonly status: number
  /** The code of the problem; `unknown` when the response is not from the API but, for example, from a proxy. */
  readonly code: string
  readonly problem: Problem | undefined
  /** How long the server asks to wait, in milliseconds; undefined when it does not say. */
  readonly retryAfterMs: number | undefined

  constructor(status: number, problem: Problem | undefined, retryAfterMs?: number) {
    super(
      problem?.detail ??
        `The server answered ${status} without a problem of the API. Check that baseUrl leads to the API.`,
    )
    this.status = status
    this.code = problem?.code ?? 'unknown'
    this.problem = problem
    this.retryAfterMs = retryAfterMs
  }

  static async from(response: Response): Promise<ApiError> {
    const body: unknown = await response.json().catch(() => undefined)
    return new ApiError(response.status, isProblem(body) ? body : undefined, retryAfterMs(response.headers))
  }
}

/** The server could not be reached or the connection broke, and every retry failed. */
export class ConnectionError extends PromptLabError {
  override readonly name = 'ConnectionError'
}

/** The job failed or was cancelled, so its text is not complete. */
export abstract class JobNotCompletedError extends PromptLabError {
  readonly jobId: string
  /** The text that was generated before the end. */
  readonly text: string
  readonly metrics: JobMetrics

  constructor(message: string, { jobId, text, metrics }: { jobId: string; text: string; metrics: JobMetrics }) {
    super(message)
    this.jobId = jobId
    this.text = text
    this.metrics = metrics
  }
}

/** The job failed. `message` is the server's sentence. */
export class JobFailedError extends JobNotCompletedError {
  override readonly name = 'JobFailedError'
  readonly code: JobErrorCode
  /** Whether the same job may succeed if it is created again. */
  readonly retryable: boolean

  constructor(
    error: { code: JobErrorCode; message: string; retryable: boolean },
    made: { jobId: string; text: string; metrics: JobMetrics },
  ) {
    super(error.message, made)
    this.code = error.code
    this.retryable = error.retryable
  }
}

/** The job was cancelled. */
export class JobCancelledError extends JobNotCompletedError {
  override readonly name = 'JobCancelledError'
}

const TRANSIENT_STATUSES: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504])

/** Whether the same request may succeed if it is repeated a little later. */
export function isTransient(error: unknown): boolean {
  if (error instanceof ConnectionError) return true
  // A missing key does not come back by waiting: an operator has to set it.
  return error instanceof ApiError && TRANSIENT_STATUSES.has(error.status) && error.code !== 'provider-key-missing'
}

function isProblem(value: unknown): value is Problem {
  return isObject(value) && typeof value['code'] === 'string' && typeof value['detail'] === 'string'
}

/** `Retry-After` in milliseconds; the header is a number of seconds or a date. */
function retryAfterMs(headers: Headers): number | undefined {
  const value = headers.get('retry-after')
  if (value === null) return undefined
  const waitMs = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now()
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs)
}
