import type { DoorClient } from '../../../jobs/door.ts'
import type { StoredJob } from '../../../jobs/job.ts'

/** Whether a door stored something with the job. */
export function hasDoorFields({ door, requestDigest, client, carries, deleteAfter }: StoredJob): boolean {
  return [door, requestDigest, client, carries, deleteAfter].some((field) => field !== undefined)
}

/** The job with what a door stored with another state of it, which later states do not change. */
export function withDoorFieldsOf(stored: StoredJob, job: StoredJob): StoredJob {
  const { door: _1, requestDigest: _2, client: _3, carries: _4, deleteAfter: _5, ...state } = job
  const { door, requestDigest, client, carries, deleteAfter } = stored
  return {
    ...state,
    ...(door && { door }),
    ...(requestDigest !== undefined && { requestDigest }),
    ...(client && { client }),
    ...(carries && { carries }),
    ...(deleteAfter !== undefined && { deleteAfter }),
  }
}

export function isSameClient(a: DoorClient | undefined, b: DoorClient | undefined): boolean {
  if (!a || !b) return a === b
  return a.process === b.process && a.lostAt === b.lostAt && a.hadHead === b.hadHead
}
