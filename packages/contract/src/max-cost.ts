import { z } from 'zod'

/** The most that all calls of a job may cost together, in US dollars. */
export const MaxCostUsd = z
  .number()
  .positive()
  .max(1_000_000)
  .describe(
    'The most that the job may cost, in US dollars. A job whose cost reaches it is stopped, and keeps its text.',
  )
