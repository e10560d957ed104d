import { z } from 'zod'
import { JobSummaryResource } from './job.ts'

const cursor = z.string().max(200)

/** The query of `GET /events`. The header `Last-Event-ID` has the same meaning as `after`, and counts first. */
export const JobFeedQuery = z.strictObject({
  after: cursor.optional().describe('The id of the last event that the client has. Absent: from now on.'),
  // For clients that cannot send headers, such as event-source-polyfill.
  lastEventId: cursor.optional().describe('The same as `after`.'),
})
export type JobFeedQuery = z.infer<typeof JobFeedQuery>

const id = z.string().min(1).describe('The cursor behind this event. It is opaque.')

/** The first event of a feed: no change of state from now on, or behind the given cursor, is left out. */
export const FeedReadyEvent = z.object({ event: z.literal('ready'), id, data: z.object({}) })

/** A job has changed its state. `data` is the job as lists show it. */
export const FeedJobEvent = z.object({ event: z.literal('job'), id, data: JobSummaryResource })

/** An event of the feed of all jobs of a caller. */
export const FeedEvent = z.discriminatedUnion('event', [FeedReadyEvent, FeedJobEvent])
export type FeedEvent = z.infer<typeof FeedEvent>
