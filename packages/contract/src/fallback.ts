import { z } from 'zod'

/** The most fallbacks of a job. */
export const MAX_FALLBACKS = 8

/** A provider and its model, asked when those before failed. */
export const Fallback = z.strictObject(
  {
    provider: z.string().min(1).max(200).describe('A name from `GET /providers`.'),
    model: z.string().min(1).max(200).describe('A model of that provider.'),
  },
  {
    error: ({ code }) =>
      code === 'invalid_type' ? 'Must be an object such as {"provider":"openai","model":"gpt-5"}' : undefined,
  },
)
export type Fallback = z.infer<typeof Fallback>
