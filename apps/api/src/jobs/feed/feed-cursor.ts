import { ApiError } from '../../base/api-error.ts'
import type { ChangePosition } from '../ports/job-changes.ts'
import { decodeCursor, encodeCursor } from '../read/position-cursor.ts'

/**
 * How much later than its time a change may become visible in the store, in milliseconds: changes are ordered by the clocks of the
 * processes that made them, and a write takes a while. So clocks may differ, and a write may take, by this much together
 * (docs/decisions/2026-11-27-feed.md).
 */
export const OVERLAP_MS = 15_000

/** A position as clients carry it. */
export function encodeChangePosition({ updatedAt, id }: ChangePosition): string {
  return encodeCursor(updatedAt, id)
}

/**
 * @param path of the parameter or header
 * @throws ApiError `invalid-request` the cursor is not the id of an event of a feed
 */
export function decodeChangePosition(cursor: string, path: string): ChangePosition {
  const fault = { path, message: 'Must be the id of an event of this feed' }
  const [time, id] = decodeCursor(cursor, fault)
  const at = Date.parse(time)
  if (Number.isNaN(at)) throw new ApiError('invalid-request', `${path}: ${fault.message}.`, { faults: [fault] })
  return { updatedAt: new Date(at).toISOString(), id }
}

/** The position at a time, before all changes at it. @param at milliseconds since the epoch */
function positionAt(at: number): ChangePosition {
  return { updatedAt: new Date(Math.max(0, at)).toISOString(), id: '' }
}

/** The earlier one of two positions. */
export function earlierOf(one: ChangePosition, other: ChangePosition): ChangePosition {
  const isOther = other.updatedAt === one.updatedAt ? other.id < one.id : other.updatedAt < one.updatedAt
  return isOther ? other : one
}

/**
 * The position from which a feed goes on that has told all changes which were visible at a time: those that become visible later
 * come behind it.
 * @param asOf milliseconds since the epoch
 */
export function positionAsOf(asOf: number): ChangePosition {
  return positionAt(asOf - OVERLAP_MS)
}
