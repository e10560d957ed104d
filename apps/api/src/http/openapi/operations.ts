import { FILE_TYPES, IMAGE_TYPES, JobErrorCode, type ProblemCode } from '@promptlab/contract'
import type { StreamType } from '../streams/stream-format.ts'
import { EXAMPLES } from './examples.ts'
import type { Operation } from './operation.ts'

/** Examples of each stream format, by view. A new format does not compile without one. */
const STREAM: Readonly<Record<StreamType, string | Readonly<Record<string, string>>>> = {
  'text/event-stream': { text: EXAMPLES.eventStream, full: EXAMPLES.fullEventStream },
  'application/x-ndjson': { text: EXAMPLES.lines, full: EXAMPLES.fullLines },
  'text/plain': EXAMPLES.text,
}

const STREAM_EVENTS = `A stream is a series of events. \`view=text\`, the default, is a series of \`StreamEvent\`s: the text of the answer. \`view=full\` is a series
of \`FullStreamEvent\`s: also reasoning, refusals and tool calls. As \`text/event-stream\`:

- An event of text has no name, so that \`onmessage\` receives it. Its \`data\` is \`{"token": "…"}\`.
- The \`id\` of an event is the cursor behind it. In the view \`text\` it is the length of the text so far, in UTF-16 code units. In the view \`full\` it is
  \`f\` and the place: text, reasoning, refusals and arguments take one place for each UTF-16 code unit, and the opening and the end of a tool call take
  one each. A cursor of one view is refused in the other with \`invalid-request\`.
- In the view \`full\`, other pieces are named: \`reasoning\`, \`refusal\`, \`tool-call\`, \`tool-arguments\`, \`tool-call-end\`. A call without its
  \`tool-call-end\` was cut off and must not be run. Events with an unknown name must be ignored, but their ids count.
- One final event with \`id: end\` ends the stream. \`metrics\` says that the job completed; its \`data\` is a \`JobMetrics\`. \`error\` says that the job
  failed; its \`data\` is a \`JobError\` with \`metrics\`. \`cancelled\` says that the job was cancelled; its \`data\` is a \`JobMetrics\`. A stream that ends
  without a final event must be resumed.
- A stream that is idle for 15 s sends a keep-alive: the comment line \`: ping\`.

\`application/x-ndjson\` has the same events, one JSON object a line, and an empty line as the keep-alive. \`text/plain\` has only the text, no view \`full\`, and
nothing as a keep-alive. The head of its answer waits for the first text, at most 15 s. If the job fails or is cancelled before that, the answer is a problem
with the code of the failure, or \`job-cancelled\`. If the job does not complete later, the connection breaks behind the text, and the job has the reason.

With \`speed\`, a job that has ended is replayed with the timing of its run. A job that runs is streamed live.`

/** Only answers to `Accept: text/plain` have these codes. */
const WITHOUT_TEXT: readonly ProblemCode[] = [
  'job-cancelled',
  ...JobErrorCode.options.filter((code) => code !== 'internal'),
]

/** The answers of routes that create a job. */
const CREATED: Operation['answers'] = {
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
}

const CREATE_PROBLEMS: readonly ProblemCode[] = [
  'unknown-provider',
  'unknown-model',
  'unsupported-option',
  'unpriced-model',
  'previous-job-gone',
  'storage-quota-exceeded',
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
]

/** Every route that is documented, by method and path. */
export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'POST /jobs': {
    operationId: 'createJob',
    tag: 'jobs',
    summary: 'Create a job',
    description: `The job runs in the background from the moment it is accepted, whoever listens.

With \`fallbacks\`, other models are asked when a vendor fails before anything of the answer came. Each must be able to do what the job asks, or the request is
refused. \`metrics.answeredBy\` of the job says whose answer it is.

With \`metadata\`, you note of a job what you want to find it by: \`GET /jobs?metadata.order=1207\`. No vendor gets it. The doors take that of \`metadata\`.

With \`webhook\`, a receiver gets a signed \`POST\` when the job ends, if the operator allows its host. It has no prompt and no answer.

With \`Idempotency-Key\`, the same request makes one job, however often it is sent within 24 hours. With \`Prefer: wait=30\`, the server waits up to
30 seconds for the job to end and then answers with the job. \`Prefer: wait\` waits up to 60 seconds, the longest time. With \`Accept: text/event-stream\`
or another stream type, the answer is the stream of the job, from its beginning.

A body has either a \`prompt\` or \`messages\`. With \`previousJobId\`, the conversation goes on behind the answer of that job, which must have ended; its
options are not inherited. \`GET /providers\` has what each provider takes; anything else is refused with \`unsupported-option\`, before the vendor is called.

With \`maxCostUsd\`, the vendor is sent a limit of output that this amount affords, and a job that costs more is stopped: it fails with \`budget-exceeded\` and
keeps its text. If the operator gave you a budget, a job reserves what it may cost at most until it ends: \`maxCostUsd\`, or what \`options.maxTokens\` may cost,
or a share of the budget. A job that does not fit is refused with \`budget-exceeded\`, and a model without a price with \`unpriced-model\`.

Limits, as the operator has not set others: a body of 20 MB; texts of 100,000 characters each; 1,000 messages, and 1,000 parts in a message; 128 tools; 65,536
characters for a JSON Schema. Texts from 1 KB, images and files are kept as items. A job shows their ids, and \`GET /jobs/{id}/items/{item}\` has their bytes.`,
    bodies: [EXAMPLES.create, EXAMPLES.createFromMessages],
    answers: CREATED,
    problems: [...CREATE_PROBLEMS, 'job-not-finished'],
  },
  'GET /jobs': {
    operationId: 'listJobs',
    tag: 'jobs',
    summary:
      'List or search your jobs, newest first, with the beginnings of their prompts and system texts, and without their answers',
    description: `All filters must match. Those of the metadata have the name of an entry behind \`metadata.\`, each encoded as any parameter:
\`GET /jobs?metadata.order=1207&metadata.kind=first%20draft\`. A value must be the same, character for character.

\`search\` finds words in the prompt and in the text of the answer, not in reasoning, tool calls or earlier messages. \`search=caf pari\` finds "A café in
Paris". Characters of scripts that write no spaces, such as Chinese, Japanese and Thai, are words of their own. A job is found as soon as it is stored, and a running one by what it has said up to its last checkpoint. A page
ends early when the server would have to read much, so follow \`nextCursor\` until it is null.`,
    answers: { 200: { description: 'A page.', example: EXAMPLES.page } },
    problems: ['storage-unavailable'],
  },
  'GET /jobs/:id': {
    operationId: 'getJob',
    tag: 'jobs',
    summary: 'Read a job',
    description:
      '`result` has the text of the answer. If the model said more than one text, `output` has all of it, in order: reasoning, texts, tool calls and refusals. A part that was cut off is `incomplete`.',
    answers: { 200: { description: 'The job as the store holds it.', example: EXAMPLES.calling } },
    problems: ['job-not-found', 'storage-unavailable'],
  },
  'GET /jobs/:id/conversation': {
    operationId: 'getConversation',
    tag: 'jobs',
    summary: 'Read a job with those before it that it goes on with',
    description: `The jobs along \`previousJobId\`, each as \`GET /jobs/{id}\` shows it: the newest \`limit\` of them, and fewer if they are longer than about 4 MB
together. If \`earlier\` is \`more\`, ask for the conversation of the first one's \`previousJobId\`.`,
    answers: { 200: { description: 'The jobs, oldest first.', example: EXAMPLES.conversation } },
    problems: ['job-not-found', 'storage-unavailable'],
  },
  'POST /jobs/:id/rerun': {
    operationId: 'rerunJob',
    tag: 'jobs',
    summary: 'Create a job of the same input as another one',
    description: `The other job may have any status. Its prompt or messages, \`previousJobId\`, \`options\`, \`fallbacks\`, \`maxCostUsd\`, \`webhook\` and \`metadata\` are those of the
new job, unless the body says otherwise. The body may be empty. Each option of the body replaces that of the other job, and \`null\` removes it. With another provider,
\`options.vendor\` of the other job is left out. With another provider or model, its \`fallbacks\` are left out. What the provider cannot do is refused, as at
\`POST /jobs\`, and the answers are the same. \`rerunOf\` of the new job is the id of the other one.`,
    bodies: [EXAMPLES.rerun],
    isBodyOptional: true,
    answers: CREATED,
    problems: [...CREATE_PROBLEMS, 'job-not-found', 'item-not-found'],
  },
  'POST /jobs/:id/fork': {
    operationId: 'forkJob',
    tag: 'jobs',
    summary: 'Create a job that goes on with the answer of another one, from a place in it',
    description: `The conversation of the new job is the input of the other one, its answer up to \`at\`, and \`prompt\` as the next text of the user. Without \`prompt\` the
model is asked to go on with the answer, which some models refuse. The other job must have ended, in whatever way. All else is as for \`rerunJob\`.

A place inside a surrogate pair is moved to its beginning. A tool call that \`at\` cuts is left out, and so is reasoning that it cuts and that the vendor has signed.
\`forkOf\` of the new job has the id of the other one and the place. The new job does not need the other one any more.`,
    bodies: [EXAMPLES.fork, EXAMPLES.forkElsewhere],
    answers: CREATED,
    problems: [...CREATE_PROBLEMS, 'job-not-found', 'item-not-found', 'job-not-finished'],
  },
  'GET /jobs/:id/items/:item': {
    operationId: 'readItem',
    tag: 'jobs',
    summary: 'Read a text, an image or a file of the messages of a job',
    answers: {
      200: {
        description: 'The bytes, with the media type that the message has. The answer may be cached for ever.',
        texts: { 'text/plain': EXAMPLES.text },
        files: [...IMAGE_TYPES, ...FILE_TYPES.filter((type) => type !== 'text/plain')],
      },
    },
    problems: ['job-not-found', 'item-not-found', 'storage-unavailable'],
  },
  'GET /jobs/:id/fixture': {
    operationId: 'readFixture',
    tag: 'jobs',
    summary: 'Read a job that has ended as a fixture, which the provider `replay` plays',
    description:
      'A fixture has what the vendor was sent, with the whole conversation, images and files, and what it answered: each piece, when it came, and the end. It stands alone, and has neither the caller nor a key. A job that its vendor did not end, such as a cancelled one, hangs at the end of its answer when it is played.',
    answers: { 200: { description: 'The fixture.', example: EXAMPLES.fixture } },
    problems: ['job-not-found', 'job-not-finished', 'previous-job-gone', 'storage-unavailable'],
  },
  'GET /jobs/:id/stream': {
    operationId: 'streamJob',
    tag: 'jobs',
    summary: 'Read the answer of a job, from any place on, as often as you like',
    description: STREAM_EVENTS,
    answers: {
      200: { description: 'The events behind the cursor, the live pieces, and the final event.', texts: STREAM },
      204: {
        description: 'The cursor is `end`, so there are no more events. An `EventSource` does not connect again.',
      },
    },
    problems: ['job-not-found', 'not-acceptable', 'too-many-streams', 'storage-unavailable', ...WITHOUT_TEXT],
    access: 'key-or-stream-link',
  },
  'GET /jobs/:id/deliveries': {
    operationId: 'listDeliveries',
    tag: 'jobs',
    summary: 'Read who was told of the end of a job, and how each attempt went',
    description:
      'A delivery for each receiver: the webhook of the job, and that of the operator. The list is empty if nobody is told. A receiver gets a `POST` with a `WebhookMessage`, signed as Standard Webhooks says; what is not answered with 2xx is repeated for about a day.',
    answers: { 200: { description: 'The deliveries.', example: EXAMPLES.deliveries } },
    problems: ['job-not-found', 'storage-unavailable'],
  },
  'POST /jobs/:id/cancel': {
    operationId: 'cancelJob',
    tag: 'jobs',
    summary: 'End a job, which keeps its answer so far',
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
  'GET /events': {
    operationId: 'watchJobs',
    tag: 'jobs',
    summary: 'Read every change of state of your jobs, over one connection',
    description: `A series of \`FeedEvent\`s. The first is \`ready\`: open the feed, wait for \`ready\`, then list the jobs, and no change is missed. Then comes a
\`job\` for each change: created, running, put back in line (\`pending\` with \`waitingFor\`), \`completed\`, \`failed\`, \`cancelled\`. Its \`data\` is the job
as \`GET /jobs\` lists it. The \`id\` of an event is an opaque cursor. With it in \`Last-Event-ID\` or \`after\`, the feed goes on: each job that changed since
comes in its latest state, then the live changes. A change may come more than once. That a job was deleted is not told. A feed that is idle for 15 s sends
the comment line \`: ping\`. It counts as an open stream.`,
    answers: {
      200: {
        description: 'The changes behind the cursor, or from now on.',
        texts: { 'text/event-stream': EXAMPLES.feed },
        events: ['FeedEvent'],
      },
    },
    problems: ['not-acceptable', 'too-many-streams'],
  },
  'GET /providers': {
    operationId: 'listProviders',
    tag: 'providers',
    summary: 'List the providers, their models, and what jobs may ask of them',
    answers: { 200: { description: 'The providers.', example: EXAMPLES.providers } },
    problems: [],
  },
  'GET /usage': {
    operationId: 'readUsage',
    tag: 'usage',
    summary: 'Read what your jobs used and cost',
    description:
      'The jobs that ended in a time, also those that were deleted since. Days are in UTC, both are included, and there are at most 366 of them. With the key for metrics, the answer has the jobs of all callers, with the name of each.',
    answers: { 200: { description: 'A row for each model, or for each day.', example: EXAMPLES.usage } },
    problems: ['storage-unavailable'],
    access: 'key-or-metrics-key',
  },
  'GET /budget': {
    operationId: 'readBudget',
    tag: 'usage',
    summary: 'Read what is left of your budget',
    description:
      'Each limit that the operator set for you, with what your jobs spent that ended in its time and what those may still cost that have not ended. Days and months are in UTC. Empty if you have no budget.',
    answers: { 200: { description: 'Your limits.', example: EXAMPLES.budget } },
    problems: ['storage-unavailable'],
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
