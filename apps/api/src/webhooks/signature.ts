import { createHmac } from 'node:crypto'

/** What is signed: the id of the delivery, the time of the attempt in whole seconds since the epoch, and the body. */
interface Signed {
  readonly id: string
  readonly timestamp: number
  readonly body: string
}

/** The header `webhook-signature` of Standard Webhooks. While keys change, there is a signature by each. */
export function signatureOf({ id, timestamp, body }: Signed, keys: readonly Uint8Array[]): string {
  const signed = `${id}.${timestamp}.${body}`
  return keys.map((key) => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`).join(' ')
}
