import type { DescribedApi } from '../../http/openapi/described-api.ts'
import { MessagesBody } from '../anthropic-messages/messages-body.ts'
import { ChatBody } from '../openai-chat/chat-body.ts'
import { ResponseBody } from '../openai-responses/response-body.ts'
import { CHAT_PATHS } from './chat-operations.ts'
import { CHAT_SCHEMAS } from './chat-schema.ts'
import { requestSchema } from './json-schema.ts'
import { MESSAGE_SCHEMAS } from './message-schema.ts'
import { MESSAGES_PATHS } from './messages-operations.ts'
import { MODEL_SCHEMAS } from './model-schema.ts'
import { MODELS_PATHS } from './models-operations.ts'
import { RESPONSE_SCHEMAS } from './response-schema.ts'
import { RESPONSES_PATHS } from './responses-operations.ts'

/** How the document describes the doors. Routes that only refuse are not in it. */
export const DOORS_DESCRIPTION: DescribedApi = {
  tags: [
    { name: 'openai-responses', description: 'The Responses API of OpenAI, for its SDKs. Every response is a job.' },
    { name: 'openai-chat', description: 'Chat Completions of OpenAI, for its SDKs and all that speak it.' },
    { name: 'anthropic-messages', description: 'The Messages API of Anthropic, for its SDKs.' },
    { name: 'models', description: 'The models by the names that the doors take.' },
  ],
  paths: { ...RESPONSES_PATHS, ...CHAT_PATHS, ...MESSAGES_PATHS, ...MODELS_PATHS },
  schemas: {
    ResponseBody: requestSchema(ResponseBody),
    ChatBody: requestSchema(ChatBody),
    MessagesBody: requestSchema(MessagesBody),
    ...RESPONSE_SCHEMAS,
    ...CHAT_SCHEMAS,
    ...MESSAGE_SCHEMAS,
    ...MODEL_SCHEMAS,
  },
}
