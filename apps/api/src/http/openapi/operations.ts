import { JobErrorCode, type ProblemCode } from '@promptlab/contract'
import type { StreamType } from '../streams/stream-format.ts'
import { EXAMPLES } from './examples.ts'

/** The part of a route's description that its schemas do not have. */
export interface Operation {
  readonly operationId: string
  readonly tag: 'jobs' | 'providers' | 'operation'
  readonly summary: string
  readonly description?: string
  /** An example of the body. */
  readonly body?: unknown
  /** The good answers, by status. */
  readonly answers: Readonly<Record<number, Answer>>
  /** The problems that can occur on this route, besides those that can occur on every route. */
  readonly problems: readonly ProblemCode[]
  /** Who may call on a server with keys. By default, callers with a key. */
  readonly access?: 'open' | 'key-or-stream-link' | 'metrics'
}

interface Answer {
  readonly description: string
  /** An example in `application/json`. The schema is that of the route. */
  readonly example?: unknown
  /** Examples in other media types, which are texts. */
  readonly texts?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
}

/** An example of each stream format. A new format does not compile without one. */
const STREAM: Readonly<Record<StreamType, string>> = {
  'text/event-stream': EXAMPLES.eventStream,
  'application/x-ndjson': EXAMPLES.lines,
  'text/plain': EXAMPLES.text,
}

const STREAM_EVENTS = `A stream is a series of \`StreamEvent\`s. As \`text/event-stream\`:

- A token event has no name, so that \`onmessage\` receives it. Its \`id\` is the length of the text so far, this token included, in UTF-16
  code units. Its \`data\` is \`{"token": "…"}\`.
- One final event with \`id: end\` ends the stream. \`metrics\` says that the job completed; its \`data\` is a \`JobMetrics\`. \`error\` says that the job
  failed; its \`data\` is a \`JobError\` with \`metrics\`. \`cancelled\` says that the job was cancelled; its \`data\` is a \`JobMetrics\`. A stream that ends
  without a final event must be resumed.
- A stream that is idle for 15 s sends a keep-alive: the comment line \`: ping\`.

\`application/x-ndjson\` has the same events, one JSON object a line, and an empty line as the keep-alive. \`text/plain\` has only the text, and nothing as a
keep-alive. The head of its answer waits for the first text, at most 15 s. If the job fails or is cancelled before that, the answer is a problem with
the code of the failure, or \`job-cancelled\`. If the job does not complete later, the connection breaks behind the text, and the job has the reason.`

/** Only answers to `Accept: text/plain` have these codes. */
const WITHOUT_TEXT: readonly ProblemCode[] = [
  'job-cancelled',
  ...JobErrorCode.options.filter((code) => code !== 'internal'),
]

/** Every route that is documented, by method and path. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /jobs': {
    operationId: 'createJob',
    tag: 'jobs',
    summary: 'Create a job',
    description: `The job runs in the background from the moment it is accepted, whoever listens.

With \`Idempotency-Key\`, the same request makes one job, however often it is sent within 24 hours. With \`Prefer: wait=30\`, the server waits up to
30 seconds for the job to end and then answers with the job. \`Prefer: wait\` waits up to 60 seconds, the longest time. With \`Accept: text/event-stream\`
or another stream type, the answer is the stream of the job.`,
    body: EXAMPLES.create,
    answers: {
      200: {
        description:
          'The finished job after a wait, the job that an earlier request with this idempotency key created, or the stream of the job.',
        example: EXAMPLES.completed,
        texts: STREAM,
        headers: {
          Location: 'The path of the job.',
          'Idempotency-Replayed': 'true if an earlier request created the job.',
        },
      },
      202: {
        description: 'The job. It is stored on disk.',
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
      ...WITHOUT_TEXT,
    ],
  },
  'GET /jobs': {
    operationId: 'listJobs',
    tag: 'jobs',
    summary:
      'List your jobs, newest first, with the beginnings of their prompts and system texts, and without their answers',
    answers: { 200: { description: 'A page.', example: EXAMPLES.page } },
    problems: ['storage-unavailable'],
  },
  'GET /jobs/:id': {
    operationId: 'getJob',
    tag: 'jobs',
    summary: 'Read a job',
    answers: { 200: { description: 'The job as the store holds it.', example: EXAMPLES.completed } },
    problems: ['job-not-found', 'storage-unavailable'],
  },
  'GET /jobs/:id/stream': {
    operationId: 'streamJob',
    tag: 'jobs',
    summary: 'Read the tokens of a job, from any place on, as often as you like',
    description: STREAM_EVENTS,
    answers: {
      200: { description: 'The events behind the cursor, the live tokens, and the final event.', texts: STREAM },
      204: {
        description: 'The cursor is `end`, so there are no more events. An `EventSource` does not connect again.',
      },
    },
    problems: ['job-not-found', 'not-acceptable', 'too-many-streams', 'storage-unavailable', ...WITHOUT_TEXT],
    access: 'key-or-stream-link',
  },
  'POST /jobs/:id/cancel': {
    operationId: 'cancelJob',
    tag: 'jobs',
    summary: 'End a job, which keeps its text',
    answers: {
      200: { description: 'The job in its final state. A finished job is unchanged.', example: EXAMPLES.cancelled },
    },
    problems: ['job-not-found', 'payload-too-large', 'storage-unavailable', 'queue-unavailable', 'cross-site-request'],
  },
  'DELETE /jobs/:id': {
    operationId: 'deleteJob',
    tag: 'jobs',
    summary: 'Remove a finished job for good',
    answers: { 204: { description: 'The job is deleted.' } },
    problems: ['job-not-found', 'job-not-finished', 'payload-too-large', 'storage-unavailable', 'cross-site-request'],
  },
  'GET /providers': {
    operationId: 'listProviders',
    tag: 'providers',
    summary: 'List the providers and their models',
    answers: { 200: { description: 'The providers.', example: EXAMPLES.providers } },
    problems: [],
  },
  'GET /health/live': {
    operationId: 'isLive',
    tag: 'operation',
    summary: 'Whether the process lives',
    answers: { 200: { description: 'The process lives.', example: EXAMPLES.live } },
    problems: [],
    access: 'open',
  },
  'GET /health/ready': {
    operationId: 'isReady',
    tag: 'operation',
    summary: 'Whether the server can take jobs',
    answers: {
      200: { description: 'The server can take jobs.', example: EXAMPLES.ready },
      503: { description: 'A dependency is not ready, so the server cannot take jobs.', example: EXAMPLES.notReady },
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
