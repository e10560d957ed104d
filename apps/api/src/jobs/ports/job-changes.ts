import type { JobSummary } from '@promptlab/contract'

/**
 * A position in the order of changes: by the time of the change, then by the id of the job. Times are of the processes' clocks,
 * so a change may come before one that a reader has seen already.
 */
export interface ChangePosition {
  readonly updatedAt: string
  readonly id: string
}

/** A job after its latest change of state. */
export interface JobChange {
  readonly job: JobSummary
  readonly owner: string | undefined
  readonly position: ChangePosition
}

export interface ChangeQuery {
  readonly limit: number
  /** Only changes behind this position. */
  readonly after: ChangePosition
  /** Only jobs of this caller. */
  readonly owner?: string | undefined
}
