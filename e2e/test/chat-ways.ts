import { type ChatOptions, chatHandlers, type JobUIMessage, PromptLabChatTransport } from '@promptlab/client/ai-sdk'
import { type ChatTransport, DefaultChatTransport } from 'ai'
import { startRoutes } from './route-server.ts'

/** How a chat reaches its jobs. */
export const WAYS: [string, (options: ChatOptions) => Promise<ChatTransport<JobUIMessage>>][] = [
  ['PromptLabChatTransport', async (options) => new PromptLabChatTransport(options)],
  [
    'DefaultChatTransport to chatHandlers',
    async (options) => new DefaultChatTransport({ api: await startRoutes(chatHandlers(options)) }),
  ],
]
