import { ApiError, JobFailedError } from '@promptlab/client'
import type { JobFault } from './job-view.ts'

/** An error of the client, as a page shows it. */
export function jobFaultOf(error: unknown): JobFault {
  if (error instanceof ApiError)
    return { code: error.code, message: error.message, status: error.status, problem: error.problem }
  if (error instanceof JobFailedError) return { code: error.code, message: error.message }
  return { code: 'connection', message: error instanceof Error ? error.message : String(error) }
}
