import { z } from 'zod'

/** A day in UTC. */
const Day = z.iso.date('Must be a day such as 2026-11-27')

/** The query of `GET /usage`. */
export const UsageQuery = z.strictObject({
  from: Day.optional().describe('The first day, in UTC. By default 29 days before the last.'),
  to: Day.optional().describe('The last day, in UTC. By default today.'),
  groupBy: z.enum(['model', 'day']).default('model').describe('A row for each model of a provider, or for each day.'),
})
export type UsageQuery = z.infer<typeof UsageQuery>

const count = z.int().nonnegative()

/** What jobs used and cost that ended in a time. Tokens are those that vendors reported. */
const Spent = {
  jobs: count.describe(
    'Jobs that called a vendor and may have cost something. A job counts for the model that answered; ' +
      'calls of other models that failed before add only to `usd`.',
  ),
  inputTokens: count,
  outputTokens: count.describe('All tokens that models generated, their reasoning among them.'),
  cachedInputTokens: count.describe('Those of the input that came from a cache.'),
  cacheWriteTokens: count.describe('Those of the input that were written into a cache.'),
  reasoningTokens: count.describe('Those of the output that are reasoning.'),
  usd: z
    .number()
    .nonnegative()
    .optional()
    .describe('US dollars, of the jobs whose cost is known. Absent if that is none of them.'),
  unpricedJobs: count.describe('Jobs whose cost is unknown. `usd` does not have it.'),
}
const caller = z
  .string()
  .optional()
  .describe('Whose jobs they are, for the holder of the metrics key. Absent for jobs that were created without a key.')

/** A row of a usage report: a model or a day. */
export const UsageRow = z.union([
  z.object({ caller, provider: z.string(), model: z.string(), ...Spent }),
  z.object({ caller, day: Day, ...Spent }),
])
export type UsageRow = z.infer<typeof UsageRow>

/** What was spent in a time, also by jobs that were deleted since. */
export const UsageReport = z.object({
  from: Day,
  to: Day,
  groupBy: UsageQuery.shape.groupBy.unwrap(),
  data: z.array(UsageRow),
})
export type UsageReport = z.infer<typeof UsageReport>
