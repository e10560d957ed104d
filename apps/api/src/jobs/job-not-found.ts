import { ApiError } from '../base/api-error.ts'

/** The refusal of an id that no job of the caller has. */
export function jobNotFound(): ApiError {
  return new ApiError('job-not-found', 'There is no job with this id. It may have been deleted.')
}
