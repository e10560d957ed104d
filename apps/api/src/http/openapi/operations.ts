import type { ProblemCode } from '@promptlab/contract'
import type { StreamType } from '../streams/stream-format.ts'
import { EXAMPLES } from './examples.ts'

/** What is told of a route beside its schemas. */
export interface Operation {
  readonly operationId: string
  readonly tag: 'jobs' | 'providers' | 'operation'
  readonly summary: string
  readonly description?: string
  /** An example of the body. */
  readonly body?: unknown
  /** The good answers, by status. */
  readonly answers: Readonly<Record<number, Answer>>
  /** What can go wrong beside what can on every route. */
  readonly problems: readonly ProblemCode[]
  /** Who may call where keys are used; left out: who has a key. */
  readonly access?: 'open' | 'key-or-stream-link' | 'metrics'
}

interface Answer {
  readonly description: string
  /** Of `application/json`, whose schema is that of the route. */
  readonly example?: unknown
  /** Other media types, each with an example; they are texts. */
  readonly texts?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** An example of each stream format; a new format does not compile until it has one. */
const STREAM: Readonly<Record<StreamType, string>> = {
  'text/event-stream': EXAMPLES.eventStream,
  'application/x-ndjson': EXAMPLES.lines,
  'text/plain': EXAMPLES.text,
}

const STREAM_EVENTS = `A stream is a series of \`StreamEvent\`s. As \`text/event-stream\`:

- Token events have no name, so that \`onmessage\` gets them. The \`id\` is the length of the text so far, in UTF-16 code units, this token
  included; \`data\` is \`{"token": "…"}\`.
- One final event ends the stream, with \`id: end\`: \`metrics\` (the job completed; \`data\` is its \`JobMetrics\`), \`error\` (it failed; \`data\` is a
  \`JobError\` with \`metrics\`) or \`cancelled\` (\`data\` is its \`JobMetrics\`). A stream that ends without one asks to be resumed.
- After 15 s of silence comes a comment line, \`: ping\`.

\`application/x-ndjson\` has the same events, one JSON object a line. \`text/plain\` has the bare text; of a job that does not complete, the connection
breaks before its end.`

/** Every route that is documented, by method and path. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /jobs': {
    operationId: 'createJob',
    tag: 'jobs',
    summary: 'Create a job',
    description: `The job runs in the background from the moment it is accepted, whoever listens.

With \`Idempotency-Key\`, the same request makes one job however often it is sent within 24 hours. With \`Prefer: wait=30\`, the answer is the
finished job if it ends within so many seconds, at most 60. \`Prefer: wait\` waits for 60. With \`Accept: text/event-stream\` or another stream type, the answer is the stream of the job.`,
    body: EXAMPLES.create,
    answers: {
      200: {
        description:
          'The job that an earlier request with this idempotency key created, or the finished job that was waited for, or its stream.',
        example: EXAMPLES.completed,
        texts: STREAM,
        headers: {
          Location: 'The path of the job.',
          'Idempotency-Replayed': 'true if an earlier request created the job.',
        },
      },
      202: {
        description: 'The job, on disk.',
        example: EXAMPLES.pending,
        headers: { Location: 'The path of the job.' },
      },
    },
    problems: [
      'unknown-provider',
      'unknown-model',
      'provider-key-missing',
      'queue-full',
      'too-many-streams',
      'idempotency-key-reused',
      'payload-too-large',
      'storage-unavailable',
      'queue-unavailable',
      'upgrade-under-way',
      'storage-full',
      'cross-site-request',
    ],
  },
  'GET /jobs': {
    operationId: 'listJobs',
    tag: 'jobs',
    summary: 'List your jobs, newest first, with the beginnings of their prompts and without their texts',
    answers: { 200: { description: 'A page.', example: EXAMPLES.page } },
    problems: ['storage-unavailable'],
  },
  'GET /jobs/:id': {
    operationId: 'getJob',
    tag: 'jobs',
    summary: 'Read a job',
    answers: { 200: { description: 'The job as it is stored.', example: EXAMPLES.completed } },
    problems: ['job-not-found', 'storage-unavailable'],
  },
  'GET /jobs/:id/stream': {
    operationId: 'streamJob',
    tag: 'jobs',
    summary: 'Read the tokens of a job, from any point on, as often as wanted',
    description: STREAM_EVENTS,
    answers: {
      200: { description: 'The events behind the cursor, then what comes live, then the final event.', texts: STREAM },
      204: { description: 'The cursor is `end`: there is nothing more. It stops an `EventSource` for good.' },
    },
    problems: ['job-not-found', 'not-acceptable', 'too-many-streams', 'storage-unavailable'],
    access: 'key-or-stream-link',
  },
  'POST /jobs/:id/cancel': {
    operationId: 'cancelJob',
    tag: 'jobs',
    summary: 'End a job; it keeps the text it has',
    answers: {
      200: { description: 'The job in its final state; a finished one is unchanged.', example: EXAMPLES.cancelled },
    },
    problems: ['job-not-found', 'payload-too-large', 'storage-unavailable', 'queue-unavailable', 'cross-site-request'],
  },
  'DELETE /jobs/:id': {
    operationId: 'deleteJob',
    tag: 'jobs',
    summary: 'Remove a finished job for good',
    answers: { 204: { description: 'It is gone.' } },
    problems: ['job-not-found', 'job-not-finished', 'payload-too-large', 'storage-unavailable', 'cross-site-request'],
  },
  'GET /providers': {
    operationId: 'listProviders',
    tag: 'providers',
    summary: 'List the providers and their models',
    answers: { 200: { description: 'What jobs can be created for.', example: EXAMPLES.providers } },
    problems: [],
  },
  'GET /health/live': {
    operationId: 'isLive',
    tag: 'operation',
    summary: 'Whether the process lives',
    answers: { 200: { description: 'It does.', example: EXAMPLES.live } },
    problems: [],
    access: 'open',
  },
  'GET /health/ready': {
    operationId: 'isReady',
    tag: 'operation',
    summary: 'Whether the server can take jobs',
    answers: {
      200: { description: 'It can.', example: EXAMPLES.ready },
      503: { description: 'It cannot, because of a dependency.', example: EXAMPLES.notReady },
    },
    problems: [],
    access: 'open',
  },
  'GET /metrics': {
    operationId: 'readMetrics',
    tag: 'operation',
    summary: 'Read the metrics of this process, as Prometheus does',
    answers: { 200: { description: 'The metrics.', texts: { 'text/plain': EXAMPLES.metrics } } },
    problems: [],
    access: 'metrics',
  },
}
