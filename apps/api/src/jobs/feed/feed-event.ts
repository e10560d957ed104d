import type { JobSummary } from '@promptlab/contract'
import type { ChangePosition } from '../ports/job-changes.ts'

/** An event of the feed. Many readers share one object, which never changes. */
export interface FeedEvent {
  /** From where a client goes on that has read the event. It never goes back within a feed, as the times of changes may. */
  readonly cursor: ChangePosition
  /** The job that has changed. Undefined in the event that opens a feed. */
  readonly job?: JobSummary
}
