import { z } from 'zod'

/** The codes of failures on the vendor's side of a job. */
export const ProviderErrorCode = z.enum([
  'provider-auth',
  'provider-rate-limited',
  'provider-quota-exceeded',
  'provider-unavailable',
  'provider-timeout',
  'provider-rejected',
  'provider-malformed',
  'model-unavailable',
  'prompt-too-long',
])
export type ProviderErrorCode = z.infer<typeof ProviderErrorCode>

/** The codes of failed jobs. They are stable, for programs. */
export const JobErrorCode = z.enum([
  ...ProviderErrorCode.options,
  'answer-too-long',
  'budget-exceeded',
  'previous-job-gone',
  'interrupted',
  'internal',
])
export type JobErrorCode = z.infer<typeof JobErrorCode>

/** Why a job failed. */
export const JobError = z.object({
  code: JobErrorCode,
  message: z.string().describe('A sentence that says what went wrong and what to do.'),
  retryable: z.boolean().describe('Whether the same request may succeed if it is sent again.'),
  retryAfterMs: z
    .int()
    .nonnegative()
    .optional()
    .describe('In how many milliseconds, counted from the end of the job. Present if the vendor said it.'),
})
export type JobError = z.infer<typeof JobError>
