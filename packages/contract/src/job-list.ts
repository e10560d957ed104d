import { z } from 'zod'
import { Job, JobSummaryResource } from './job.ts'

/** The query of `GET /jobs`. */
export const JobListQuery = z.strictObject({
  limit: z.preprocess(numberOf, z.int().min(1).max(100).default(20)).describe('The most jobs of a page.'),
  cursor: z.string().min(1).optional().describe('`nextCursor` of the page before.'),
  status: z.enum(Job.options.map(({ shape }) => shape.status.value)).optional(),
  provider: z.string().min(1).optional(),
})
export type JobListQuery = z.infer<typeof JobListQuery>

/** The number that a text of the query stands for: one to three digits. Any other text is no number. */
function numberOf(text: unknown): unknown {
  if (typeof text !== 'string') return text
  return /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
}

/** A page of jobs, newest first. */
export const JobPage = z.object({
  data: z.array(JobSummaryResource),
  nextCursor: z.string().nullable().describe('Where the next page begins; null on the last one.'),
})
export type JobPage = z.infer<typeof JobPage>
