import type { UIMessage } from 'ai'
import { newIdempotencyKey } from '../idempotency-key.ts'
import { isFinalJob, type JobSummary } from '../job.ts'
import type { JobRequest } from '../job-request.ts'
import type { CallOptions, PromptLabClient } from '../promptlab-client.ts'
import type { Answer } from './answer-chunks.ts'
import { type ChatOptions, type ChatRequest, clientOf } from './chat-options.ts'
import { cutAnswers } from './cut-answers.ts'
import { earlierParts } from './job-messages.ts'
import { nativeMessages } from './native-messages.ts'

/** How long after its end an answer is still replayed, in milliseconds: a page that is loading may have missed its end. */
const REPLAY_MS = 60_000

/** The entries of the metadata by which the jobs of a chat, and the message that an answer belongs to, are found. */
const CHAT = 'chat'
const MESSAGE = 'message'
/** The entry that says which earlier answers were cut off. */
const CUT = 'cut'

/** Entries of metadata that jobs of a chat get beside its id, and by which they are found. */
export type ChatScope = Readonly<Record<string, string>>

/** The jobs that answer chats. */
export class ChatJobs {
  readonly client: PromptLabClient
  readonly #options: ChatOptions
  /** The jobs that are being created, by their chat. */
  readonly #creating = new Map<string, Promise<Answer>>()

  constructor(options: ChatOptions) {
    this.client = clientOf(options.client)
    this.#options = options
  }

  /**
   * Creates the job that answers. It gets all messages each time: a page may have changed any of them, and the server stores only
   * content that it does not have.
   */
  async create(chat: ChatRequest, scope: ChatScope = {}): Promise<Answer> {
    const key = keyOf(chat.chatId, scope)
    const creating = this.#create(chat, scope)
    this.#creating.set(key, creating)
    try {
      return await creating
    } finally {
      if (this.#creating.get(key) === creating) this.#creating.delete(key)
    }
  }

  async #create(chat: ChatRequest, scope: ChatScope): Promise<Answer> {
    const messageId = answeredMessage(chat)?.id ?? newIdempotencyKey()
    const { id: jobId } = await this.client.create(await this.#requestOf(chat, messageId, scope))
    return { jobId, messageId, earlier: [] }
  }

  async #requestOf(chat: ChatRequest, messageId: string, scope: ChatScope): Promise<JobRequest> {
    const { provider, model, options, request } = this.#options
    const { messages, ...fields } = (await request?.(chat)) ?? {}
    const cut = cutAnswers(chat.messages)
    const allOptions = { ...options, ...fields.options }
    return {
      provider,
      model,
      ...fields,
      ...(Object.keys(allOptions).length > 0 && { options: allOptions }),
      messages: messages ?? nativeMessages(chat.messages),
      metadata: { ...fields.metadata, ...scope, [CHAT]: chat.chatId, [MESSAGE]: messageId, ...(cut && { [CUT]: cut }) },
    }
  }

  /** The answer that a chat waits for, or has just got. */
  async running(chatId: string, scope: ChatScope = {}): Promise<Answer | undefined> {
    const newest = await newestJob(this.client, chatId, scope)
    if (!newest || (isFinalJob(newest) && Date.now() - Date.parse(newest.updatedAt) > REPLAY_MS)) return undefined
    const job = await this.client.get(newest.id)
    const earlier = await earlierParts(this.client, job, chatId)
    return { jobId: job.id, messageId: messageIdOf(newest), earlier }
  }

  /** Cancels the newest job of a chat, also one that is being created. Does nothing if it has ended, or if there is none. */
  async cancel(chatId: string, scope: ChatScope = {}): Promise<void> {
    // One that cannot be created is told to who asked for it.
    await this.#creating.get(keyOf(chatId, scope))?.catch(() => {})
    const newest = await newestJob(this.client, chatId, scope)
    if (newest && !isFinalJob(newest)) await this.client.cancel(newest.id)
  }
}

function keyOf(chatId: string, scope: ChatScope): string {
  return JSON.stringify([chatId, scope])
}

/** The newest job of a chat. */
export async function newestJob(
  client: PromptLabClient,
  chatId: string,
  scope: ChatScope,
  { signal }: CallOptions = {},
): Promise<JobSummary | undefined> {
  const { data } = await client.listPage({ metadata: { ...scope, [CHAT]: chatId }, limit: 1, signal })
  return data[0]
}

/** The id of the message that the answer of a job is in. */
export function messageIdOf({ id, metadata }: Pick<JobSummary, 'id' | 'metadata'>): string {
  return metadata?.[MESSAGE] ?? id
}

/** Which earlier answers were cut off, as `cutAnswers` says. */
export function cutsOf({ metadata }: Pick<JobSummary, 'metadata'>): string {
  return metadata?.[CUT] ?? ''
}

/** The message that the answer goes on with, as behind the result of a tool; undefined if the answer is a new one. */
function answeredMessage({ messages, messageId, trigger }: ChatRequest): UIMessage | undefined {
  if (trigger === 'regenerate-message') return undefined
  const message = messages.find(({ id }) => id === messageId) ?? messages.at(-1)
  return message?.role === 'assistant' ? message : undefined
}
