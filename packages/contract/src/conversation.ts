import { z } from 'zod'
import { JobResource } from './job.ts'
import { PageLimit } from './page-limit.ts'

/** The query of `GET /jobs/:id/conversation`. */
export const ConversationQuery = z.strictObject({ limit: PageLimit.describe('The most turns.') })
export type ConversationQuery = z.infer<typeof ConversationQuery>

/** The answer of `GET /jobs/:id/conversation`: the job and those before it that it goes on with, by `previousJobId`. */
export const Conversation = z.object({
  data: z
    .array(JobResource)
    .describe('Oldest first; the last one is the job that was asked for. Not all of them if they are many or long.'),
  earlier: z
    .enum(['none', 'more', 'deleted'])
    .describe(
      '`none`: the conversation begins with the first job here. `more`: it begins earlier; ask for the conversation of its `previousJobId`. `deleted`: the job before it does not exist any more.',
    ),
})
export type Conversation = z.infer<typeof Conversation>
