import type { ProblemCode } from '@promptlab/contract'
import { PROBLEMS } from '../problems/problems.ts'
import type { Operation } from './operation.ts'

/** The problems that can occur on every route. */
const EVERYWHERE: readonly ProblemCode[] = [
  'invalid-request',
  'request-timeout',
  'unsupported-media-type',
  'headers-too-large',
  'untrusted-host',
  'internal',
  'server-busy',
  'shutting-down',
]

/** The problems of an operation as answers, by status. */
export function problemAnswers({ problems, access }: Operation): Record<string, object> {
  const codes = [...EVERYWHERE, ...problems]
  if (access !== 'open') codes.push('unauthorized', 'rate-limited')
  // A job fails with codes that a request is refused with, too.
  const byStatus = Map.groupBy(new Set(codes), (code) => PROBLEMS[code].status)
  return Object.fromEntries([...byStatus].map(([status, each]) => [String(status), problemAnswer(each)]))
}

function problemAnswer(codes: readonly ProblemCode[]): object {
  const isDelayed = codes.some((code) => DELAYED.has(code))
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(' '),
    ...(isDelayed && {
      headers: { 'Retry-After': { description: 'When to try again, in seconds.', type: 'integer' } },
    }),
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }])),
      },
    },
  }
}

/** The problems whose answers have a `Retry-After` header. */
const DELAYED: ReadonlySet<ProblemCode> = new Set([
  'queue-full',
  'rate-limited',
  'too-many-streams',
  'storage-unavailable',
  'storage-full',
  'server-busy',
  'queue-unavailable',
  'upgrade-under-way',
])

function exampleOf(code: ProblemCode): object {
  const { status, title } = PROBLEMS[code]
  return {
    type: `urn:promptlab:problem:${code}`,
    title,
    status,
    detail: 'A sentence that says what is wrong and what to do.',
    instance: '/jobs',
    code,
    requestId: '8d3a2f1e-6b1c-4a3d-9a55-0c1f7e2b9d10',
    ...(code === 'invalid-request' && { errors: [{ path: 'prompt', message: 'Is required' }] }),
  }
}
