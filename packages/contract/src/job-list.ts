import { z } from 'zod'
import { Job, JobSummaryResource } from './job.ts'

/** The query of `GET /jobs`. */
export const JobListQuery = z.strictObject({
  limit: z.preprocess(numberOf, z.int().min(1).max(100).default(20)).describe('The most jobs of a page.'),
  cursor: z.string().min(1).optional().describe('The `nextCursor` of the page before.'),
  status: z.enum(Job.options.map(({ shape }) => shape.status.value)).optional(),
  provider: z.string().min(1).optional(),
})
export type JobListQuery = z.infer<typeof JobListQuery>

/** The number of a text with one to three digits. Any other text gives NaN, which the schema refuses. */
function numberOf(text: unknown): unknown {
  if (typeof text !== 'string') return text
  return /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
}

/** A page of jobs, newest first. */
export const JobPage = z.object({
  data: z.array(JobSummaryResource),
  nextCursor: z.string().nullable().describe('The cursor of the next page. Null on the last page.'),
})
export type JobPage = z.infer<typeof JobPage>
