import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'

const Position = z.tuple([z.iso.datetime(), z.string()])

/** A time and the id of a job as clients carry them. The text is opaque, so that its form may change. */
export function encodeCursor(time: string, id: string): string {
  return Buffer.from(JSON.stringify([time, id])).toString('base64url')
}

/**
 * @param fault what is said of a cursor that `encodeCursor` has not made
 * @throws ApiError `invalid-request`
 */
export function decodeCursor(cursor: string, fault: { path: string; message: string }): [time: string, id: string] {
  try {
    return Position.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()))
  } catch (cause) {
    throw new ApiError('invalid-request', `${fault.path}: ${fault.message}.`, { faults: [fault], cause })
  }
}
