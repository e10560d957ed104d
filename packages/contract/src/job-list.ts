import { z } from 'zod'
import { Job, JobSummaryResource } from './job.ts'

/** The query of `GET /jobs`. */
export const JobListQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^\d{1,3}$/, 'Must be a whole number from 1 to 100')
    .transform(Number)
    .pipe(z.int().min(1).max(100))
    .default(20),
  cursor: z.string().min(1).optional().describe('`nextCursor` of the page before.'),
  status: z.enum(Job.options.map(({ shape }) => shape.status.value)).optional(),
  provider: z.string().min(1).optional(),
})
export type JobListQuery = z.infer<typeof JobListQuery>

/** A page of jobs, newest first. */
export const JobPage = z.object({
  data: z.array(JobSummaryResource),
  nextCursor: z.string().nullable().describe('Where the next page begins; null on the last one.'),
})
export type JobPage = z.infer<typeof JobPage>
