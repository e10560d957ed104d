import { CREATION_ERRORS, describeOperation } from './describe-operation.ts'

const noUsage = {
  input_tokens: 0,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 0,
  output_tokens: 0,
  output_tokens_details: null,
}
const usage = { ...noUsage, input_tokens: 7, output_tokens: 3, estimated: true }
const nothingOfAnthropic = {
  cache_creation: null,
  inference_geo: null,
  server_tool_use: null,
  service_tier: null,
  speed: null,
}

const message = {
  id: 'msg_01a21b26cf76766e9f4a22d92959474a',
  type: 'message',
  role: 'assistant',
  model: 'echo/echo',
  content: [{ type: 'text', text: 'Once upon', citations: null }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  stop_details: null,
  container: null,
  diagnostics: null,
  usage: { ...usage, ...nothingOfAnthropic },
}

const EVENTS = [
  {
    type: 'message_start',
    message: { ...message, content: [], stop_reason: null, usage: { ...noUsage, ...nothingOfAnthropic } },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Once' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' upon' } },
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null, stop_details: null, container: null },
    usage: { ...usage, server_tool_use: null },
  },
  { type: 'message_stop' },
]

const request = { model: 'echo/echo', max_tokens: 1024, messages: [{ role: 'user', content: 'Once upon' }] }

const CREATE = `The Messages API of Anthropic over jobs. The key is in \`x-api-key\` or \`Authorization: Bearer\`. Model names are \`provider/model\`, or the bare
name of a model that one provider has. The job runs on when its client leaves, until nobody has asked for it for \`FOREGROUND_GRACE_MS\`. A stream has a \`ping\` while it is idle, and ends with \`event: error\` if
the job fails.

The API has no cursor: a stream cannot be resumed by its clients. \`GET /jobs/{id}/stream\` can, with the id of the header \`X-Promptlab-Job\`.

Refused with a \`400\` that names the field: \`container\`, \`context_management\`, \`diagnostics\`, \`inference_geo\`, \`mcp_servers\`, \`thread\`,
\`user_profile_id\`, \`workspace_id\`, \`speed\` other than \`standard\`, \`output_config.task_budget\`; tools that run at Anthropic; citations; files by their
ids; and what the provider cannot do. There is no \`/v1/messages/count_tokens\` and there are no batches.

Accepted without effect: \`cache_control\` of blocks and tools, \`thinking.display\`, \`eager_input_streaming\` and \`strict\` of tools, \`citations\` of earlier
texts. For providers other than \`anthropic\` also \`cache_control\`, \`metadata\` and \`service_tier\` of the request. Usage that the vendor did not report
is estimated, and marked \`estimated\`; in \`message_start\` all counts are 0.`

export const MESSAGES_PATHS = {
  '/v1/messages': {
    post: describeOperation({
      operationId: 'createMessage',
      tag: 'anthropic-messages',
      shape: 'messages',
      summary: 'Create a message',
      description: CREATE,
      body: { schema: 'MessagesBody', examples: { text: request, stream: { ...request, stream: true } } },
      answer: {
        description: 'The message, or the stream of its events.',
        schema: 'Message',
        examples: { completed: message },
        stream: EVENTS.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join(''),
      },
      errors: CREATION_ERRORS,
    }),
  },
}
