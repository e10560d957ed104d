import { ApiError } from '../../base/api-error.ts'
import type { ChangePosition } from '../ports/job-changes.ts'
import { decodeCursor, encodeCursor } from '../read/position-cursor.ts'

/**
 * How far before a cursor a feed begins to read again, in milliseconds: changes are ordered by the clocks of the processes that
 * made them, and one may be stored later than another that comes behind it. So clocks may differ, and a change may take to be
 * stored, by this much together (docs/decisions/2026-11-27-feed.md).
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
export function positionAt(at: number): ChangePosition {
  return { updatedAt: new Date(Math.max(0, at)).toISOString(), id: '' }
}

/** The later one of two positions. */
export function laterOf(one: ChangePosition, other: ChangePosition): ChangePosition {
  const isOther = other.updatedAt === one.updatedAt ? other.id > one.id : other.updatedAt > one.updatedAt
  return isOther ? other : one
}

/** From where on changes are read that may have been stored later than those before a position. */
export function wellBefore({ updatedAt }: ChangePosition): ChangePosition {
  return positionAt(Date.parse(updatedAt) - OVERLAP_MS)
}
