import { type AnyStreamEvent, END_CURSOR, FullStreamCursor, StreamCursor, StreamView } from '@promptlab/contract'
import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import type { Reading } from '../../jobs/read/job-event-reader.ts'
import { VIEWS } from '../../jobs/views/views.ts'
import type { StreamType } from '../streams/stream-format.ts'

/** How a stream shows its job. */
export const StreamQuery = z.object({
  view: StreamView.default('text').describe('What the stream shows: the text, or everything that the model said.'),
  speed: z
    .preprocess(numberOf, z.number().min(0.1).max(1_000).optional())
    .describe('Replays a job that has ended with the timing of its run, so many times as fast.'),
})
export type StreamQuery = z.infer<typeof StreamQuery>

/** The number of a text in digits. Any other text gives NaN, which the schema refuses. */
function numberOf(text: unknown): unknown {
  if (typeof text !== 'string') return text
  return /^\d{1,4}(?:\.\d{1,6})?$/.test(text) ? Number(text) : Number.NaN
}

/** A cursor of any view. It may be empty, as some clients send it at their first request. */
export const AnyCursor = z.string().max(20)

/** Where a client may put its cursor, in the order in which they count. */
interface GivenCursors {
  readonly 'last-event-id'?: string | undefined
  readonly lastEventId?: string | undefined
  readonly after?: string | undefined
}

/**
 * What a request asks to be read; undefined if its cursor is behind the end.
 * @throws ApiError `invalid-request` the cursor is not one of the view, or the view cannot be had in this form
 */
export function readingOf(
  { view, speed }: StreamQuery,
  type: StreamType,
  cursors: GivenCursors = {},
): Reading<AnyStreamEvent> | undefined {
  if (view === 'full' && type === 'text/plain') {
    throw invalid('view', 'Is not available as text/plain. Accept text/event-stream or application/x-ndjson')
  }
  const path = (['last-event-id', 'lastEventId', 'after'] as const).find((name) => cursors[name])
  const cursor = path ? cursorOf(cursors[path] ?? '', view, path) : 0
  return cursor === END_CURSOR ? undefined : { view: VIEWS[view], after: cursor, speed }
}

function cursorOf(text: string, view: StreamView, path: string): number | typeof END_CURSOR {
  const parsed = (view === 'full' ? FullStreamCursor : StreamCursor).safeParse(text)
  if (parsed.success) return parsed.data
  const other = (view === 'full' ? StreamCursor : FullStreamCursor).safeParse(text).success
  const [issue] = parsed.error.issues
  const hint = other ? `. This is a cursor of another view: ask for view=${view === 'full' ? 'text' : 'full'}` : ''
  throw invalid(path, `${issue?.message ?? 'Is not valid'}${hint}`)
}

function invalid(path: string, message: string): ApiError {
  return new ApiError('invalid-request', `${path}: ${message}.`, { faults: [{ path, message }] })
}
