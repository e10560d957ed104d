import { z } from 'zod'
import { JobError, JobMetrics } from './job.ts'

/** The id of every final event, and the cursor of a client that has read it. */
export const END_CURSOR = 'end'

/** The cursor of a stream: the length of the text that the reader has, in UTF-16 code units, or `end`. */
export const StreamCursor = z
  .string()
  .regex(/^(?:\d{1,15}|end)$/, 'Must be the id of a token event, a number, or "end"')
  .transform((cursor) => (cursor === END_CURSOR ? END_CURSOR : Number(cursor)))
export type StreamCursor = z.infer<typeof StreamCursor>

/** A token of the text. Its id is the length of the text so far, this token included, in UTF-16 code units. */
export const TokenEvent = z.object({
  event: z.literal('token'),
  id: z.int().positive(),
  data: z.object({ token: z.string().min(1) }),
})
export type TokenEvent = z.infer<typeof TokenEvent>

const finalId = z.literal(END_CURSOR)
export const MetricsEvent = z.object({ event: z.literal('metrics'), id: finalId, data: JobMetrics })
export const ErrorEvent = z.object({
  event: z.literal('error'),
  id: finalId,
  data: JobError.extend({ metrics: JobMetrics }),
})
export const CancelledEvent = z.object({ event: z.literal('cancelled'), id: finalId, data: JobMetrics })

/** The event that ends a stream: the job completed, failed or was cancelled. */
export const FinalEvent = z.discriminatedUnion('event', [MetricsEvent, ErrorEvent, CancelledEvent])
export type FinalEvent = z.infer<typeof FinalEvent>

/** An event of a stream. In SSE, tokens have no event name, so that `EventSource.onmessage` receives them. */
export const StreamEvent = z.discriminatedUnion('event', [TokenEvent, MetricsEvent, ErrorEvent, CancelledEvent])
export type StreamEvent = z.infer<typeof StreamEvent>
