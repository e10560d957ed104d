import { z } from 'zod'
import { ForkOrigin } from './fork-origin.ts'
import { JobMetrics } from './job.ts'
import { JobError } from './job-error.ts'
import { Metadata } from './metadata.ts'
import { WebhookEvent } from './webhook.ts'

/** The body that a receiver gets when a job has ended (Standard Webhooks). It has no prompt and no answer. */
export const WebhookMessage = z.object({
  type: WebhookEvent,
  timestamp: z.iso.datetime().describe('When the job ended.'),
  data: z.object({
    id: z.string().describe('The id of the job.'),
    status: z.enum(['completed', 'failed', 'cancelled']),
    provider: z.string(),
    model: z.string(),
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
    metrics: JobMetrics,
    error: JobError.optional().describe('Why the job failed.'),
    metadata: Metadata.optional(),
    rerunOf: z.string().optional(),
    forkOf: ForkOrigin.optional(),
    links: z
      .object({ self: z.string(), stream: z.string() })
      .describe('The job and its stream, which need an API key. Paths, unless the operator has set `PUBLIC_URL`.'),
  }),
})
export type WebhookMessage = z.infer<typeof WebhookMessage>
