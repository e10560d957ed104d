import type { FinalEvent, FinalJob } from '@promptlab/contract'

/** What ends every stream of a job that has ended. */
export function finalEvent(job: FinalJob): FinalEvent {
  const { status, metrics } = job
  switch (status) {
    case 'completed':
      return { event: 'metrics', id: 'end', data: metrics }
    case 'failed':
      return { event: 'error', id: 'end', data: { ...job.error, metrics } }
    case 'cancelled':
      return { event: 'cancelled', id: 'end', data: metrics }
  }
}
