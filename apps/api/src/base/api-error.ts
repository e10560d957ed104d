import type { Fault, ProblemCode } from '@promptlab/contract'

interface ApiErrorOptions {
  /** All faults of an invalid request. */
  faults?: readonly Fault[]
  /** When the caller may try again, in whole seconds from now. */
  retryAfterSeconds?: number
  cause?: unknown
}

/** A request is refused. The caller gets the code and the message, which says what is wrong and what to do. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError'
  readonly code: ProblemCode
  readonly faults: readonly Fault[] | undefined
  readonly retryAfterSeconds: number | undefined

  constructor(code: ProblemCode, message: string, options: ApiErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined)
    this.code = code
    this.faults = options.faults
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
