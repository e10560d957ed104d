import { fingerprint } from '../fingerprint.ts'
import type { JobRequest } from '../job.ts'
import type { AskedJob } from './asked-job.ts'

/**
 * The digest by which a request with an idempotency key is known again: everything that was asked, what vendors want back
 * among it.
 * @param request what was made of it. Long content is in the digest by its own digest, which is its id
 */
export function requestFingerprint(asked: AskedJob, { messages, carries }: JobRequest): string {
  return fingerprint({
    ...asked,
    ...(messages && { messages }),
    ...(carries && { carries }),
  })
}
