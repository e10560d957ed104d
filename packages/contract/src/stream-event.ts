import { z } from 'zod'
import { JobMetrics } from './job.ts'
import { JobError } from './job-error.ts'

/** The id of every final event, and the cursor of a client that has read it. */
export const END_CURSOR = 'end'

/** What a stream shows: the text, or everything that the model said. */
export const StreamView = z.enum(['text', 'full'])
export type StreamView = z.infer<typeof StreamView>

/** The cursor of the view `text`: the length of the text that the reader has, in UTF-16 code units, or `end`. */
export const StreamCursor = z
  .string()
  .regex(/^(?:\d{1,15}|end)$/, 'Must be the id of a token event, a number, or "end"')
  .transform((cursor) => (cursor === END_CURSOR ? END_CURSOR : Number(cursor)))
export type StreamCursor = z.infer<typeof StreamCursor>

/** The cursor of the view `full`: `f` and a place in the answer, or `end`. */
export const FullStreamCursor = z
  .string()
  .regex(/^(?:f\d{1,15}|end)$/, 'Must be the id of an event of the view "full", such as f120, or "end"')
  .transform((cursor) => (cursor === END_CURSOR ? END_CURSOR : Number(cursor.slice(1))))

/** A token of the text. Its id is the length of the text so far, this token included, in UTF-16 code units. */
export const TokenEvent = z.object({
  event: z.literal('token'),
  id: z.int().positive(),
  data: z.object({ token: z.string().min(1) }),
})
export type TokenEvent = z.infer<typeof TokenEvent>

/** The id of an event of the view `full`: `f` and the place behind the event. */
const fullId = z.templateLiteral(['f', z.int().nonnegative()])
const token = z.object({ token: z.string().min(1) })
const inCall = { callId: z.string() }

/** A piece of text, in the view `full`. */
const FullTokenEvent = z.object({ event: z.literal('token'), id: fullId, data: token })
const ReasoningEvent = z.object({ event: z.literal('reasoning'), id: fullId, data: token })
const RefusalEvent = z.object({ event: z.literal('refusal'), id: fullId, data: token })
const ToolCallEvent = z.object({
  event: z.literal('tool-call'),
  id: fullId,
  data: z.object({ ...inCall, name: z.string() }),
})
const ToolArgumentsEvent = z.object({
  event: z.literal('tool-arguments'),
  id: fullId,
  data: token.extend(inCall),
})
const ToolCallEndEvent = z.object({
  event: z.literal('tool-call-end'),
  id: fullId,
  data: z.object({ ...inCall, name: z.string(), arguments: z.string() }),
})

/** An event of the view `full` that stands for a piece of the answer. */
export const PieceEvent = z.union([
  FullTokenEvent,
  ReasoningEvent,
  RefusalEvent,
  ToolCallEvent,
  ToolArgumentsEvent,
  ToolCallEndEvent,
])
export type PieceEvent = z.infer<typeof PieceEvent>

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

/** An event of the view `full`. */
export const FullStreamEvent = z.union([PieceEvent, FinalEvent])
export type FullStreamEvent = z.infer<typeof FullStreamEvent>

/** An event of the view `text`. In SSE, tokens have no event name, so that `EventSource.onmessage` receives them. */
export const StreamEvent = z.discriminatedUnion('event', [TokenEvent, MetricsEvent, ErrorEvent, CancelledEvent])
export type StreamEvent = z.infer<typeof StreamEvent>

/** An event of any view. */
export type AnyStreamEvent = StreamEvent | FullStreamEvent
