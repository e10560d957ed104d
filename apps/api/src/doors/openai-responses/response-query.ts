import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import { Include } from './response-body.ts'

const flag = z.enum(['true', 'false']).optional()
const number = z.string().regex(/^\d{1,15}$/, 'Must be a whole number, 0 or more')

/** The query of `GET /v1/responses/:id`. SDKs write lists with brackets. */
export const ResponseQuery = z.strictObject({
  stream: flag,
  starting_after: number.optional(),
  include: z.unknown().optional(),
  'include[]': z.unknown().optional(),
  include_obfuscation: flag,
})
export type ResponseQuery = z.infer<typeof ResponseQuery>

/** How a response is read. */
interface ResponseReading {
  readonly isStreamed: boolean
  /** The number of the last event that the client has. */
  readonly startingAfter: number | undefined
  readonly include: readonly string[]
}

/** @throws ApiError `invalid-request` */
export function responseReading(query: ResponseQuery): ResponseReading {
  const isStreamed = query.stream === 'true'
  const { starting_after: after } = query
  if (after !== undefined && !isStreamed) refuse('starting_after', 'Needs stream=true')
  const include = z.array(Include).safeParse([query.include ?? [], query['include[]'] ?? []].flat())
  if (!include.success) refuse('include', `Must be one of ${Include.options.join(', ')}`)
  return { isStreamed, startingAfter: after === undefined ? undefined : Number(after), include: include.data }
}

function refuse(path: string, message: string): never {
  throw new ApiError('invalid-request', `${path}: ${message}.`, { faults: [{ path, message }] })
}
