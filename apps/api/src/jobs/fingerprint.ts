import { createHash } from 'node:crypto'

/** The digest of a request's body. Parsed bodies have their fields in the order of the schema, so equal bodies have equal digests. */
export function fingerprint(body: object): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('base64url')
}
