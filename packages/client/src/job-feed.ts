import { ConnectionError } from './errors.ts'
import type { Http } from './http.ts'
import { isJob, type JobSummary } from './job.ts'
import { type ReconnectOptions, reconnecting } from './reconnecting.ts'
import { type ConnectionOptions, responseLines } from './response-lines.ts'
import { type ServerSentEvent, serverSentEvents } from './server-sent-events.ts'

/** A job after a change of its state. */
export interface JobChange {
  /** The job as it is now, as lists have it. */
  readonly job: JobSummary
  /** The cursor behind this change, for `after` of another feed. */
  readonly cursor: string
}

/** Says that a connection of a feed is open: changes from now on will come. */
export interface FeedReady {
  /** The cursor at which the feed goes on. */
  readonly cursor: string
  /** Whether the feed goes on behind an earlier cursor, so that it misses no change. False: changes before now do not come. */
  readonly isResumed: boolean
}

export interface JobFeedOptions extends ConnectionOptions, ReconnectOptions {
  /** The cursor behind which the feed begins; undefined: it begins now. */
  readonly after: string | undefined
}

/** An event of the stream, as the server sends it. */
export type FeedEvent = { event: 'ready'; id: string; data: object } | { event: 'job'; id: string; data: JobSummary }

/** Changes of jobs without an end, over as many connections as needed, each of which goes on behind the one before. */
export function readJobFeed(http: Http, options: JobFeedOptions): AsyncGenerator<JobChange | FeedReady, void> {
  let cursor = options.after
  return reconnecting(options, async function* () {
    const isResumed = cursor !== undefined
    // `?after=` and not `Last-Event-ID`: with that header browsers send a CORS preflight first.
    const path = cursor === undefined ? '/events' : `/events?after=${encodeURIComponent(cursor)}`
    for await (const sent of serverSentEvents(responseLines(http, path, 'text/event-stream', options))) {
      const event = sent && feedEventOf(sent)
      // Events of a later version of the server move the cursor, too.
      cursor = sent?.id || cursor
      if (event?.event === 'job') yield { job: event.data, cursor: event.id }
      else yield event && { cursor: event.id, isResumed }
    }
    throw new ConnectionError('The server ended the feed.')
  })
}

/** The event; undefined if its kind is not known. */
function feedEventOf({ event, id, data }: ServerSentEvent): FeedEvent | undefined {
  if (event === 'ready') return { event, id, data: {} }
  if (event !== 'job') return undefined
  const job = parsed(data)
  if (isJobSummary(job)) return { event, id, data: job }
  throw new ConnectionError('The feed has an event that is not a job.')
}

function isJobSummary(value: unknown): value is JobSummary {
  return isJob(value)
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
