import { Include } from '../openai-responses/response-body.ts'
import { CREATION_ERRORS, describeOperation } from './describe-operation.ts'
import { RESPONSE_EXAMPLES } from './response-examples.ts'

const tag = 'openai-responses'
const shape = 'responses'

const id = {
  name: 'id',
  in: 'path',
  required: true,
  description:
    'The id of a response: `resp_` and the digits of the id of its job. Jobs that were made elsewhere have one, too.',
  schema: { type: 'string' },
}

const query = (name: string, description: string, schema: object) => ({ name, in: 'query', description, schema })

const CREATE = `The Responses API of OpenAI over jobs. Model names are \`provider/model\`, or the bare name of a model that one provider has.

With \`background\`, the answer comes at once and the job runs on. With \`stream\`, the answer is a stream of OpenAI's events. A request without
\`background\` waits for its job. The job runs on when its client leaves, until nobody has asked for it for \`FOREGROUND_GRACE_MS\`. A response is stored, unless \`store\` is false.

\`null\`, \`[]\` and \`{}\` mean that a field is absent. An item of the input without \`type\` is a message.

Refused with a \`400\` that names the \`param\`: \`conversation\`, \`prompt\`, \`context_management\`, \`moderation\`, \`prompt_cache_options\`,
\`access_programs\`, \`image\`, \`audio\`, \`modalities\`; tools that are no functions, also those that OpenAI runs; \`file_id\`; \`top_logprobs\` above 0;
\`truncation: auto\`; \`text.verbosity\` other than \`medium\`; \`service_tier\` other than \`auto\` and \`default\`; \`background\` with \`store: false\`; and what
the provider cannot do. \`POST /v1/responses/compact\` and \`/v1/responses/input_tokens\` are a \`404\`.

Accepted without effect: \`reasoning.summary\` (reasoning that a vendor shows is always in the answer), \`max_tool_calls\`, \`user\`,
\`safety_identifier\`, \`prompt_cache_key\`, \`detail\` of images and files, \`stream_options\`, and values of \`include\` other than
\`reasoning.encrypted_content\`. Usage that the vendor did not report is estimated, and marked \`estimated\`.`

const READ = `A response that is stored. With \`stream=true\`, its events, live or from the record: all of them, or those with a \`sequence_number\` above
\`starting_after\`. This works for every stored response, also for one that was not made with \`background\` or \`stream\`.

\`sequence_number\` has gaps: a delta takes a number for each UTF-16 code unit. The last event is always 2000000000. A stream without a last event was
broken, and is read on with \`starting_after\`.`

export const RESPONSES_PATHS = {
  '/v1/responses': {
    post: describeOperation({
      operationId: 'createResponse',
      tag,
      shape,
      summary: 'Create a response',
      description: CREATE,
      body: {
        schema: 'ResponseBody',
        examples: { text: RESPONSE_EXAMPLES.request, background: RESPONSE_EXAMPLES.background },
      },
      answer: {
        description: 'The response, or the stream of its events.',
        schema: 'Response',
        examples: { completed: RESPONSE_EXAMPLES.completed, queued: RESPONSE_EXAMPLES.queued },
        stream: RESPONSE_EXAMPLES.stream,
      },
      errors: [...CREATION_ERRORS, 'previous-job-gone', 'job-not-finished', 'item-not-found'],
    }),
  },
  '/v1/responses/{id}': {
    get: describeOperation({
      operationId: 'readResponse',
      tag,
      shape,
      summary: 'Read a response, also as a stream from any event on',
      description: READ,
      parameters: [
        id,
        query('stream', 'Whether to answer with the events.', { type: 'string', enum: ['true', 'false'] }),
        query('starting_after', 'The `sequence_number` of the last event that the client has. Needs `stream=true`.', {
          type: 'integer',
          minimum: 0,
        }),
        query('include[]', 'What to add to the response. Also as `include`.', {
          type: 'array',
          items: { type: 'string', enum: Include.options },
        }),
        query('include_obfuscation', 'Without effect: events are never padded.', {
          type: 'string',
          enum: ['true', 'false'],
        }),
      ],
      answer: {
        description: 'The response, or the stream of its events.',
        schema: 'Response',
        examples: { completed: RESPONSE_EXAMPLES.completed, cancelled: RESPONSE_EXAMPLES.cancelled },
        stream: RESPONSE_EXAMPLES.stream,
      },
      errors: ['invalid-request', 'job-not-found', 'too-many-streams', 'storage-unavailable'],
    }),
    delete: describeOperation({
      operationId: 'deleteResponse',
      tag,
      shape,
      summary: 'Delete a response. A running one is cancelled first',
      parameters: [id],
      answer: {
        description: 'The response is deleted.',
        schema: 'ResponseDeleted',
        examples: { deleted: RESPONSE_EXAMPLES.deleted },
      },
      errors: ['job-not-found', 'payload-too-large', 'storage-unavailable', 'queue-unavailable', 'cross-site-request'],
    }),
  },
  '/v1/responses/{id}/cancel': {
    post: describeOperation({
      operationId: 'cancelResponse',
      tag,
      shape,
      summary: 'Cancel a response, which keeps its output so far',
      description: 'A response that has ended is returned as it is.',
      parameters: [id],
      answer: {
        description: 'The response.',
        schema: 'Response',
        examples: { cancelled: RESPONSE_EXAMPLES.cancelled },
      },
      errors: ['job-not-found', 'payload-too-large', 'storage-unavailable', 'queue-unavailable', 'cross-site-request'],
    }),
  },
  '/v1/responses/{id}/input_items': {
    get: describeOperation({
      operationId: 'listInputItems',
      tag,
      shape,
      summary: 'List the input of a response',
      description: 'The items of the request itself, not those of earlier responses.',
      parameters: [
        id,
        query('limit', 'The most items of a page.', { type: 'integer', minimum: 1, maximum: 100, default: 20 }),
        query('order', 'Newest first, or oldest first.', { type: 'string', enum: ['asc', 'desc'], default: 'desc' }),
        query('after', 'The id of the last item of the page before.', { type: 'string' }),
      ],
      answer: {
        description: 'A page of items. Text comes as typed parts, also where a text was sent.',
        schema: 'ResponseInputItems',
        examples: { page: RESPONSE_EXAMPLES.inputItems },
      },
      errors: ['invalid-request', 'job-not-found', 'storage-unavailable'],
    }),
  },
}
