import type { CallOptions, ClientOptions, PromptLabClient } from '../promptlab-client.ts'
import type { JobUIMessage } from './answer-metadata.ts'
import { type ChatScope, cutsOf, messageIdOf, newestJob } from './chat-jobs.ts'
import { clientOf } from './chat-options.ts'
import { noteCuts } from './cut-answers.ts'
import { askedMessages, endedAnswer } from './job-messages.ts'

export interface MessagesOptions extends CallOptions {
  /** The entries of metadata that the jobs of the chat must have, as `scope` of the route handlers gives them. */
  readonly scope?: ChatScope | undefined
}

/**
 * The messages of a chat, from its newest job, for `messages` of `useChat`: a page needs no store of its own. An answer that is
 * still being made is left out, because `resume: true` of `useChat` brings it. Empty if the chat has no job. Reasoning is there only
 * in the last answer, because earlier ones go back to the model without it.
 */
export async function messagesOf(
  client: PromptLabClient | ClientOptions,
  chatId: string,
  { scope = {}, ...options }: MessagesOptions = {},
): Promise<JobUIMessage[]> {
  const jobs = clientOf(client)
  const newest = await newestJob(jobs, chatId, scope, options)
  if (!newest) return []
  const job = await jobs.get(newest.id, options)
  const { asked, earlier } = await askedMessages(jobs, job, chatId, options)
  noteCuts(asked, cutsOf(newest))
  const answer = endedAnswer(job, earlier, messageIdOf(newest))
  return answer ? [...asked, answer] : asked
}
