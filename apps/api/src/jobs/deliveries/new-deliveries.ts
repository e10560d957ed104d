import type { Delivery } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import type { JobRequest } from '../job.ts'
import type { Webhooks } from '../ports/webhooks.ts'

interface NewDeliveriesDeps {
  /** Undefined: the server tells nobody. */
  readonly webhooks?: Webhooks | undefined
  readonly newId: () => string
}

const NOT_STORED = 'A job that is not stored tells nobody of its end. Leave the webhook out, or let the job be stored'
const NOT_SET = 'This server sends no news to callers: its operator has to set WEBHOOK_SECRET and WEBHOOK_HOSTS'

/**
 * The deliveries of a new job, one for each receiver, each with the id that all of its attempts have. A job that is not stored has
 * none.
 * @returns undefined if nobody is told
 * @throws ApiError `invalid-request` no news may be sent to the address that the caller named
 */
export function newDeliveries(
  { webhook }: Pick<JobRequest, 'webhook'>,
  isStored: boolean,
  { webhooks, newId }: NewDeliveriesDeps,
): Delivery[] | undefined {
  if (webhook) {
    const refusal = isStored ? (webhooks ? webhooks.refusalOf(webhook.url) : NOT_SET) : NOT_STORED
    if (refusal !== undefined) refuse(refusal)
  }
  const receivers: Delivery['to'][] = []
  if (webhook) receivers.push('job')
  if (webhooks?.hasServerReceiver && isStored) receivers.push('server')
  if (receivers.length === 0) return undefined
  return receivers.map((to) => ({ id: `msg_${newId()}`, to, status: 'waiting', attempts: [] }))
}

function refuse(message: string): never {
  const path = 'webhook.url'
  throw new ApiError('invalid-request', `${path}: ${message}.`, { faults: [{ path, message }] })
}
