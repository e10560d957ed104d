import { z } from 'zod'
import { JobOptions } from './job.ts'

const text = () => z.string({ error: ({ input }) => (input === undefined ? 'Is required' : undefined) })

/**
 * The body of `POST /jobs`.
 * @param maxPromptChars the longest prompt and the longest system instruction, in Unicode code points, as zod and JSON Schema count
 */
export function createJobBody(maxPromptChars: number) {
  return z.strictObject({
    prompt: text().max(maxPromptChars).regex(/\S/, 'Must not be blank').describe('What the model is asked.'),
    provider: text().min(1).max(200).describe('A name from `GET /providers`.'),
    model: text().min(1).max(200).describe('One of the models of that provider.'),
    options: JobOptions.extend({ system: z.string().min(1).max(maxPromptChars).optional() }).optional(),
  })
}
export type CreateJobBody = z.infer<ReturnType<typeof createJobBody>>
