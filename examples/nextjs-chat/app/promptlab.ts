import { PromptLabClient } from '@promptlab/client'
import { chatHandlers } from '@promptlab/client/ai-sdk'

/** The client of the job server. Only this server has the key. */
export const client = new PromptLabClient({
  baseUrl: process.env.PROMPTLAB_URL ?? 'http://127.0.0.1:3000',
  apiKey: process.env.PROMPTLAB_API_KEY,
})

/** The routes of the chat. In an app with users, add `scope`, which keeps their chats apart. */
export const chat = chatHandlers({
  client,
  provider: process.env.PROMPTLAB_PROVIDER ?? 'echo',
  model: process.env.PROMPTLAB_MODEL ?? 'echo',
})
