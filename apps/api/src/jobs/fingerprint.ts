import { createHash } from 'node:crypto'
import type { CreateJobBody } from '@promptlab/contract'

/** Digest of what a request asks for. A parsed body has its fields in the order of its schema, so equal bodies have one. */
export function fingerprint(body: CreateJobBody): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('base64url')
}
