import { z } from 'zod'

/** From where a job goes on with the answer of another one. */
export const ForkOrigin = z.object({
  jobId: z.string(),
  at: z.int().nonnegative().describe('A place in the answer of that job. Everything before it is in the conversation.'),
})
export type ForkOrigin = z.infer<typeof ForkOrigin>
