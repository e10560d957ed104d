import { z } from 'zod'
import { notA } from './issue-sentence.ts'
import { JobOptions } from './job.ts'

/**
 * The body of `POST /jobs`.
 * @param maxPromptChars the length limit of the prompt and of the system text, in Unicode code points, as zod and JSON Schema count
 */
export function createJobBody(maxPromptChars: number) {
  const system = z
    .string()
    .min(1)
    .max(maxPromptChars, `The system text is longer than ${maxPromptChars} characters`)
    .optional()
    .describe('Instructions to the model, which come before the prompt.')
  return z.strictObject(
    {
      prompt: z.string().max(maxPromptChars).regex(/\S/, 'Must not be blank').describe('The prompt of the model.'),
      provider: z.string().min(1).max(200).describe('A name from `GET /providers`.'),
      model: z.string().min(1).max(200).describe('A model of that provider.'),
      options: JobOptions.extend({ system }).optional(),
    },
    { error: ({ code, input }) => (code === 'invalid_type' ? noObject(input) : undefined) },
  )
}
export type CreateJobBody = z.infer<ReturnType<typeof createJobBody>>

function noObject(body: unknown): string {
  if (body === undefined || body === null) return 'The body is empty. Send a JSON object.'
  return `The body must be a JSON object${notA(body)}`
}
