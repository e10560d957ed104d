import { z } from 'zod'

/** The answer of `GET /health/live`: the process lives. */
export const Liveness = z.object({ status: z.literal('live') })

/** The answer of `GET /health/ready`: whether the server can take jobs, and if not, which dependency is not ready. */
export const Readiness = z.object({
  status: z.enum(['ready', 'not-ready']),
  dependencies: z.record(z.string(), z.object({ ready: z.boolean(), detail: z.string().optional() })),
  workers: z
    .int()
    .optional()
    .describe(
      'How many processes run jobs. With 0, jobs are stored and wait. Absent while the queue cannot be reached.',
    ),
})
export type Readiness = z.infer<typeof Readiness>
