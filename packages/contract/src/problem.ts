import { z } from 'zod'
import { JobErrorCode } from './job-error.ts'

/**
 * The codes of refused requests. They are stable, for programs. The codes of failed jobs are among them: a stream of plain text
 * whose job failed before its first text is refused.
 */
export const ProblemCode = z.enum([
  'invalid-request',
  'unknown-provider',
  'unknown-model',
  'unsupported-option',
  'unpriced-model',
  'previous-job-gone',
  'provider-key-missing',
  'unauthorized',
  'untrusted-host',
  'cross-site-request',
  'job-not-found',
  'item-not-found',
  'job-not-finished',
  'idempotency-key-reused',
  'route-not-found',
  'method-not-allowed',
  'not-acceptable',
  'request-timeout',
  'payload-too-large',
  'unsupported-media-type',
  'queue-full',
  'rate-limited',
  'too-many-streams',
  'headers-too-large',
  'storage-unavailable',
  'storage-full',
  'storage-quota-exceeded',
  'server-busy',
  'queue-unavailable',
  'shutting-down',
  'upgrade-under-way',
  'job-cancelled',
  ...JobErrorCode.options,
])
export type ProblemCode = z.infer<typeof ProblemCode>

/** One fault of a request: its place as a path, such as `messages[2].content[0].data`, and a sentence. */
export const Fault = z.object({ path: z.string(), message: z.string() })
export type Fault = z.infer<typeof Fault>

/** An error answer, `application/problem+json` (RFC 9457). */
export const Problem = z.object({
  type: z.string().describe('`urn:promptlab:problem:` and the code.'),
  title: z.string(),
  status: z.int(),
  detail: z.string().describe('A sentence that says what is wrong and what to do.'),
  instance: z.string().describe('The path of the request.'),
  code: ProblemCode,
  requestId: z.string(),
  errors: z.array(Fault).optional().describe('The faults of an invalid request, at most 50 of them.'),
})
export type Problem = z.infer<typeof Problem>
