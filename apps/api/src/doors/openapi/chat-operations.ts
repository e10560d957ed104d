import { CREATION_ERRORS, describeOperation } from './describe-operation.ts'

const tag = 'openai-chat'
const shape = 'chat'
const ID = 'chatcmpl-01a21b26cf1c70179f269ce2989b051b'

const messages = [{ role: 'user', content: 'Once upon' }]

const completion = {
  id: ID,
  object: 'chat.completion',
  created: 1795751857,
  model: 'echo/echo',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Once upon', refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 3,
    completion_tokens: 3,
    total_tokens: 6,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
    estimated: true,
  },
  service_tier: null,
  system_fingerprint: null,
}

const head = { id: ID, object: 'chat.completion.chunk', created: 1795751857, model: 'echo/echo' }
const CHUNKS = [
  { delta: { role: 'assistant', content: '' }, finish_reason: null },
  { delta: { content: 'Once' }, finish_reason: null },
  { delta: { content: ' upon' }, finish_reason: null },
  { delta: {}, finish_reason: 'stop' },
].map((choice) => ({ ...head, choices: [{ index: 0, ...choice }] }))

const id = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The id of a chat completion: `chatcmpl-` and the digits of the id of its job.',
  schema: { type: 'string' },
}

const CREATE = `Chat Completions over jobs. Model names are \`provider/model\`, or the bare name of a model that one provider has. The job runs on when its
client leaves, until nobody has asked for it for \`FOREGROUND_GRACE_MS\`. A stream has an error and no \`[DONE]\` if the job fails.

The API has no cursor: a stream cannot be resumed by its clients. \`GET /jobs/{id}/stream\` can, with the id of the header \`X-Promptlab-Job\`.

\`null\`, \`[]\` and \`{}\` mean that a field is absent. A completion is stored unless \`store\` is false.

Refused with a \`400\` that names the \`param\`: \`n\` above 1, \`logprobs\`, \`top_logprobs\` above 0, \`logit_bias\`, \`audio\`, \`modalities\` other than
\`["text"]\`, \`prediction\`, \`moderation\`, \`prompt_cache_options\`, \`web_search_options\`, \`functions\`, \`function_call\`; tools that are no functions;
\`file_id\`; audio in messages; \`verbosity\` other than \`medium\`; \`service_tier\` other than \`auto\` and \`default\`; and what the provider cannot do.

Accepted without effect: \`name\` of messages, \`detail\` of images, \`user\`, \`safety_identifier\`, \`prompt_cache_key\`,
\`stream_options.include_obfuscation\`. Usage that the vendor did not report is estimated, and marked
\`estimated\`.`

export const CHAT_PATHS = {
  '/v1/chat/completions': {
    post: describeOperation({
      operationId: 'createChatCompletion',
      tag,
      shape,
      summary: 'Create a chat completion',
      description: CREATE,
      body: {
        schema: 'ChatBody',
        examples: {
          text: { model: 'echo/echo', messages },
          stream: { model: 'echo/echo', messages, stream: true, stream_options: { include_usage: true } },
        },
      },
      answer: {
        description: 'The completion, or the stream of its chunks.',
        schema: 'ChatCompletion',
        examples: { completed: completion },
        stream: `${CHUNKS.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`,
      },
      errors: CREATION_ERRORS,
    }),
  },
  '/v1/chat/completions/{id}': {
    get: describeOperation({
      operationId: 'readChatCompletion',
      tag,
      shape,
      summary: 'Read a stored chat completion',
      description:
        'A completion that is not finished, failed or was cancelled is a `404` that says where its answer so far is. Completions cannot be listed or changed, and their messages are not listed: `GET /jobs` does that.',
      parameters: [id],
      answer: { description: 'The completion.', schema: 'ChatCompletion', examples: { completed: completion } },
      errors: ['job-not-found', 'storage-unavailable'],
    }),
    delete: describeOperation({
      operationId: 'deleteChatCompletion',
      tag,
      shape,
      summary: 'Delete a stored chat completion. One that is not finished is cancelled first',
      parameters: [id],
      answer: {
        description: 'The completion is deleted.',
        schema: 'ChatCompletionDeleted',
        examples: { deleted: { object: 'chat.completion.deleted', id: ID, deleted: true } },
      },
      errors: ['job-not-found', 'payload-too-large', 'storage-unavailable', 'queue-unavailable', 'cross-site-request'],
    }),
  },
}
