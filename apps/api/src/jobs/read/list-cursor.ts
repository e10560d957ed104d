import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import type { JobPosition } from '../ports/job-repository.ts'

const Position = z.tuple([z.iso.datetime(), z.string()])

/** A position in the list as clients carry it. It is opaque, so that its form may change. */
export function encodePosition({ createdAt, id }: JobPosition): string {
  return Buffer.from(JSON.stringify([createdAt, id])).toString('base64url')
}

/** @throws ApiError `invalid-request` the cursor was not made by `encodePosition` */
export function decodePosition(cursor: string): JobPosition {
  try {
    const [createdAt, id] = Position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
    return { createdAt, id }
  } catch (cause) {
    const fault = { path: 'cursor', message: 'Must be the nextCursor of a page' }
    throw new ApiError('invalid-request', `${fault.path}: ${fault.message}.`, { faults: [fault], cause })
  }
}
