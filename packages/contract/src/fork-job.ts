import { z } from 'zod'
import { type CreateJobLimits, NO_OBJECT } from './create-job.ts'
import { checkSchemas, jobChanges } from './job-changes.ts'

/** From where a job goes on with the answer of another one: a place, or the id of an event of a stream. */
export const ForkPlace = z.union(
  [
    z.int().nonnegative(),
    z.string().regex(/^(?:f?\d{1,15}|end)$/, 'Must be the id of an event, such as "f120", "9" or "end", or a number'),
  ],
  {
    error: ({ input }) =>
      input === undefined ? 'Is required' : 'Must be a place in the answer, a number, or the id of an event as a text',
  },
)
export type ForkPlace = z.infer<typeof ForkPlace>

/** The body of `POST /jobs/:id/fork`. */
export function forkJobBody(limits: CreateJobLimits) {
  const { maxPromptChars } = limits
  return z
    .strictObject(
      {
        at: ForkPlace.describe(
          'How much of the answer is in the new conversation. A number is a place in the answer. A text is the id of an event of a stream: `"f120"` of the view `full`, `"9"` of the view `text`, or `"end"`.',
        ),
        prompt: z
          .string()
          .max(maxPromptChars)
          .regex(/\S/, 'Must not be blank')
          .optional()
          .describe('The next text of the user. Absent: the model is asked to go on with its answer.'),
        ...jobChanges(limits),
      },
      NO_OBJECT,
    )
    .check(checkSchemas(limits))
}
export type ForkJobBody = z.infer<ReturnType<typeof forkJobBody>>
