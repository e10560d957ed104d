import type { Webhook } from '@promptlab/contract'
import { ApiError } from '../base/api-error.ts'

/** The header that names who is told when the job of a request at a door ends. */
export const WEBHOOK_HEADER = 'x-promptlab-webhook'

/**
 * The webhook that a header names; undefined if there is none. The job is checked with it.
 * @throws ApiError `invalid-request` the header has several addresses
 */
export function askedWebhook(header: string | readonly string[] | undefined): Webhook | undefined {
  if (header === undefined) return undefined
  const [url = '', ...others] = [header].flat().join(', ').split(/,\s+/)
  if (others.length === 0) return { url }
  const [path, message] = [WEBHOOK_HEADER, 'Must be one address']
  throw new ApiError('invalid-request', `${path}: ${message}.`, { faults: [{ path, message }] })
}

/** The header for a path of the webhook of a job; undefined for other paths. */
export function webhookParam(path: string): string | undefined {
  return /^webhook\b/.test(path) ? WEBHOOK_HEADER : undefined
}
