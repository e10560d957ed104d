import { z } from 'zod'

/** Whether the process lives; `GET /health/live`. */
export const Liveness = z.object({ status: z.literal('live') })

/** Whether the server can do its work, and if not, which dependency is missing; `GET /health/ready`. */
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
