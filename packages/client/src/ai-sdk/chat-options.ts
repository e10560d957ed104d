import type { UIMessage } from 'ai'
import type { Message } from '../content.ts'
import type { JobOptions } from '../job-options.ts'
import type { JobRequest } from '../job-request.ts'
import { type ClientOptions, PromptLabClient } from '../promptlab-client.ts'

/** What a chat asks for. */
export interface ChatRequest {
  readonly chatId: string
  readonly messages: readonly UIMessage[]
  readonly trigger: 'submit-message' | 'regenerate-message'
  /** The message that is edited, gone on with or made again; undefined for a new one. */
  readonly messageId: string | undefined
  /**
   * What the page sends beside the messages: `body` of `sendMessage`, or with route handlers every other field of the body. In a
   * route handler it is whatever a browser sent.
   */
  readonly body: Readonly<Record<string, unknown>>
}

/** Fields of the job that answers. Those that are present replace those of the chat; options are replaced one by one. */
export type ChatJobFields = Partial<
  Pick<JobRequest, 'provider' | 'model' | 'options' | 'fallbacks' | 'maxCostUsd' | 'webhook' | 'metadata'>
> & {
  /** In place of the messages of the chat. */
  readonly messages?: Message[]
}

export interface ChatOptions {
  /** A client, or the options to make one. */
  readonly client: PromptLabClient | ClientOptions
  /** The name of a provider, from `client.providers()`. */
  readonly provider: string
  /** A model of this provider. */
  readonly model: string
  /** The options of each job, such as `system` and `tools`. */
  readonly options?: JobOptions | undefined
  /** Called for each answer: says what its job has otherwise. */
  readonly request?: ((chat: ChatRequest) => ChatJobFields | Promise<ChatJobFields>) | undefined
}

export function clientOf(client: PromptLabClient | ClientOptions): PromptLabClient {
  return client instanceof PromptLabClient ? client : new PromptLabClient(client)
}
