import type { ProblemCode } from '@promptlab/contract'
import { ApiError } from '../../base/api-error.ts'
import { PROBLEMS } from '../../http/problems/problems.ts'
import { refuseAsAnthropic } from '../anthropic-messages/anthropic-error.ts'
import type { DoorRefusal } from '../door-refusal.ts'
import { refuseAsChat } from '../openai-chat/chat-refusal.ts'
import { refuseAsOpenAi } from '../openai-error.ts'

/** The id of the request in examples. */
const REQUEST_ID = '8d3a2f1e-6b1c-4a3d-9a55-0c1f7e2b9d10'

/** The errors that can occur on every route of the doors. */
const EVERYWHERE: readonly ProblemCode[] = [
  'unsupported-media-type',
  'untrusted-host',
  'internal',
  'server-busy',
  'shutting-down',
  'unauthorized',
  'rate-limited',
]

/** The errors that a request for an answer can meet, whether it is refused or its job fails. */
export const CREATION_ERRORS: readonly ProblemCode[] = [
  'invalid-request',
  'unknown-model',
  'unsupported-option',
  'unpriced-model',
  'budget-exceeded',
  'idempotency-key-reused',
  'payload-too-large',
  'request-timeout',
  'storage-quota-exceeded',
  'cross-site-request',
  'queue-full',
  'too-many-streams',
  'provider-key-missing',
  'storage-unavailable',
  'storage-full',
  'queue-unavailable',
  'upgrade-under-way',
  'job-cancelled',
  'interrupted',
  'prompt-too-long',
  'answer-too-long',
  'model-unavailable',
  'provider-rejected',
  'provider-rate-limited',
  'provider-quota-exceeded',
  'provider-auth',
  'provider-unavailable',
  'provider-malformed',
  'provider-timeout',
]

type Shape = 'responses' | 'chat' | 'messages' | 'models'

interface ErrorShape {
  readonly schemas: readonly string[]
  readonly refuse: (error: ApiError) => DoorRefusal
}

const SHAPES: Readonly<Record<Shape, ErrorShape>> = {
  responses: { schemas: ['OpenAiError'], refuse: refuseAsOpenAi },
  chat: { schemas: ['OpenAiError'], refuse: refuseAsChat },
  messages: { schemas: ['AnthropicError'], refuse: (error) => refuseAsAnthropic(error, { id: REQUEST_ID }) },
  models: { schemas: ['OpenAiError', 'AnthropicError'], refuse: refuseAsChat },
}

interface DescribedOperation {
  readonly operationId: string
  readonly tag: string
  readonly summary: string
  readonly description?: string
  /** Whose form errors have. */
  readonly shape: Shape
  readonly body?: { readonly schema: string; readonly examples: Readonly<Record<string, unknown>> }
  readonly parameters?: readonly object[]
  readonly answer: {
    readonly description: string
    readonly schema: string
    /** Examples of the JSON, by name. */
    readonly examples: Readonly<Record<string, unknown>>
    /** An example of the stream. Undefined: there is none. */
    readonly stream?: string
  }
  /** The errors that can occur, besides those of every route. */
  readonly errors: readonly ProblemCode[]
}

/** The description of a route of a door, as an operation of OpenAPI. */
export function describeOperation(operation: DescribedOperation): object {
  const { operationId, tag, summary, description, shape, body, parameters = [], answer } = operation
  const isCreation = body !== undefined
  return {
    operationId,
    tags: [tag],
    summary,
    ...(description !== undefined && { description }),
    security: [{ apiKey: [] }, { apiKeyHeader: [] }],
    parameters: [...parameters, ...(isCreation ? CREATION_HEADERS : [])],
    ...(body && {
      requestBody: {
        required: true,
        content: { 'application/json': { schema: refTo(body.schema), examples: examplesOf(body.examples) } },
      },
    }),
    responses: {
      200: {
        description: answer.description,
        headers: { ...(shape === 'messages' && { 'request-id': REQUEST_ID_HEADER }), ...(isCreation && JOB_HEADERS) },
        content: {
          'application/json': { schema: refTo(answer.schema), examples: examplesOf(answer.examples) },
          ...(answer.stream !== undefined && {
            'text/event-stream': { schema: { type: 'string' }, example: answer.stream },
          }),
        },
      },
      ...errorsOf(operation),
    },
  }
}

function errorsOf({ shape, errors }: DescribedOperation): Record<string, object> {
  const { schemas, refuse } = SHAPES[shape]
  const [schema = {}, ...others] = schemas.map(refTo)
  const refused = [...errors, ...EVERYWHERE].map((code) => ({ code, ...refuse(exampleOf(code)) }))
  const byStatus = Map.groupBy(refused, ({ status }) => status)
  return Object.fromEntries(
    [...byStatus].map(([status, each]) => [
      status,
      {
        description: each.map(({ code }) => `${PROBLEMS[code].title}.`).join(' '),
        content: {
          'application/json': {
            schema: others.length > 0 ? { anyOf: [schema, ...others] } : schema,
            examples: Object.fromEntries(each.map(({ code, body }) => [code, { value: JSON.parse(body) }])),
          },
        },
      },
    ]),
  )
}

function exampleOf(code: ProblemCode): ApiError {
  if (code !== 'invalid-request') return new ApiError(code, `${PROBLEMS[code].title}.`)
  const fault = { path: 'model', message: 'Is required' }
  return new ApiError(code, `${fault.path}: ${fault.message}.`, { faults: [fault] })
}

const header = (description: string) => ({ description, schema: { type: 'string' } })

const REQUEST_ID_HEADER = header('The id of the request, as Anthropic sends it.')

const JOB_HEADERS = {
  'X-Promptlab-Job': header('The id of the job, under which the native API has it: `GET /jobs/{id}`.'),
  'X-Promptlab-Joined': header('`true` if the request joined the job of an earlier one, as a repeat of an SDK does.'),
  'Idempotency-Replayed': header('`true` if an earlier request with this idempotency key created the job.'),
}

const CREATION_HEADERS = [
  {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'The same request with the same key makes one job, however often it is sent within 24 hours.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
  {
    name: 'X-Promptlab-Join',
    in: 'header',
    description: 'With `off`, the request makes a new job, also if it repeats one whose client was lost.',
    schema: { type: 'string', enum: ['off'] },
  },
  {
    name: 'X-Promptlab-Fallbacks',
    in: 'header',
    description:
      'The models that are asked, in this order, when a vendor fails before anything of the answer came: names of models, separated by commas. `model` of the answer says which one answered. `off`: none, not even those of the operator.',
    schema: { type: 'string' },
    example: 'anthropic/claude-sonnet-5, gemini/gemini-pro',
  },
  {
    name: 'X-Promptlab-Webhook',
    in: 'header',
    description:
      'Gets a signed `POST` when the job ends (Standard Webhooks), if the operator allows its host. `GET /jobs/{id}/deliveries` tells how it went.',
    schema: { type: 'string', format: 'uri' },
    example: 'https://hooks.example.com/jobs',
  },
  {
    name: 'X-Promptlab-Max-Cost-Usd',
    in: 'header',
    description:
      'The most that the request may cost, in US dollars. An answer that costs more is stopped, and ends as one that reached its limit of tokens. Without any of it the answer is an error with status 402.',
    schema: { type: 'number', exclusiveMinimum: 0, maximum: 1_000_000 },
    example: 0.05,
  },
]

function refTo(schema: string): object {
  return { $ref: `#/components/schemas/${schema}` }
}

function examplesOf(values: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { value }]))
}
