import type { AnyStreamEvent } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'

/** The error to answer with if a job ended by this event before any of its text was sent; undefined if the job did not fail. */
export function refusalOf(final: AnyStreamEvent): ApiError | undefined {
  switch (final.event) {
    case 'error':
      return new ApiError(final.data.code, final.data.message)
    case 'cancelled':
      return new ApiError('job-cancelled', 'The job was cancelled. Create it again to get its text.')
    default:
      return undefined
  }
}
