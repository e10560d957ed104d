import { z } from 'zod'

/** Who is told when a job ends. */
export const Webhook = z.strictObject({
  url: z
    .url({ protocol: /^https?$/, error: 'Must be an address that begins with https://' })
    .max(2_000)
    .describe('Gets a signed POST when the job ends (Standard Webhooks).'),
})
export type Webhook = z.infer<typeof Webhook>

/** What a webhook tells. */
export const WebhookEvent = z.enum(['job.completed', 'job.failed', 'job.cancelled'])
export type WebhookEvent = z.infer<typeof WebhookEvent>

/** One attempt to deliver the news of a job. */
export const DeliveryAttempt = z.object({
  at: z.iso.datetime(),
  durationMs: z.int().nonnegative(),
  status: z.int().optional().describe('The HTTP status of the answer. Absent if there was none.'),
  error: z
    .enum(['timeout', 'unreachable', 'host-not-allowed', 'address-not-allowed'])
    .optional()
    .describe('Why there was no answer.'),
})
export type DeliveryAttempt = z.infer<typeof DeliveryAttempt>

/** The news of a job's end to one receiver. */
export const Delivery = z.object({
  id: z.string().describe('The `webhook-id` of every attempt.'),
  to: z
    .enum(['job', 'server'])
    .describe('`job`: the webhook of the job. `server`: the one that the operator set for all jobs.'),
  status: z
    .enum(['waiting', 'delivered', 'refused', 'given-up'])
    .describe(
      '`waiting`: for the end of the job, or for the next attempt. `delivered`: the receiver answered 2xx. `refused`: it answered ' +
        '410 and gets no further attempt. `given-up`: no attempt of a day was answered with 2xx.',
    ),
  attempts: z.array(DeliveryAttempt).describe('Oldest first.'),
  nextAttemptAt: z.iso.datetime().optional().describe('Present while the delivery waits for its next attempt.'),
})
export type Delivery = z.infer<typeof Delivery>

/** The answer of `GET /jobs/:id/deliveries`. */
export const DeliveryList = z.object({ data: z.array(Delivery) })
export type DeliveryList = z.infer<typeof DeliveryList>
