import type { FinalEvent, FinalJob } from '@promptlab/contract'

/** The event that ends every stream of a finished job, as the view `full` shows it. */
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
