import { ApiError } from '../../src/base/api-error.ts'
import { type AskedAtChat, readChatRequest } from '../../src/doors/openai-chat/chat-request.ts'

/** What a body of a chat completion asks. Without messages of its own it has one of the user. */
export function readChat(fields: object): AskedAtChat {
  const messages = [{ role: 'user', content: 'Hi' }]
  return readChatRequest({ model: 'mini', messages, ...fields }, (model) => ({ provider: 'acme', model }))
}

/** The faults of such a body, as `param: sentence`. */
export function chatFaults(fields: object): string[] {
  try {
    readChat(fields)
  } catch (error) {
    if (error instanceof ApiError && error.code === 'invalid-request')
      return (error.faults ?? []).map(({ path, message }) => `${path}: ${message}`)
    throw error
  }
  return []
}
