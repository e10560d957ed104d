import type { JobPosition } from '../ports/stored-values.ts'
import { decodeCursor, encodeCursor } from './position-cursor.ts'

/** A position in the list as clients carry it. */
export function encodePosition({ createdAt, id }: JobPosition): string {
  return encodeCursor(createdAt, id)
}

/** @throws ApiError `invalid-request` the cursor was not made by `encodePosition` */
export function decodePosition(cursor: string): JobPosition {
  const [createdAt, id] = decodeCursor(cursor, { path: 'cursor', message: 'Must be the nextCursor of a page' })
  return { createdAt, id }
}
