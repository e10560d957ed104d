import type { JobLinks } from '@promptlab/contract'
import { encodeChangePosition } from '../../jobs/feed/feed-cursor.ts'
import type { FeedEvent } from '../../jobs/feed/feed-event.ts'
import { EncodedText } from './encoded-text.ts'
import { namedFrame, PING_FRAME, RETRY_FRAME } from './sse.ts'
import { encodeOnce, RESUMABLE, type StreamFormat } from './stream-format.ts'

/**
 * The feed as Server-Sent Events, for all responses of one server. Each event is encoded once, however many readers it has and
 * wherever they are.
 * @param linksOf signs the link to the stream of a job, once for each of its events
 */
export function feedFormat(linksOf: (jobId: string) => JobLinks): StreamFormat<FeedEvent> {
  const frames = new WeakMap<FeedEvent, string>()
  return {
    contentType: 'text/event-stream; charset=utf-8',
    opening: RETRY_FRAME,
    keepAlive: new EncodedText(PING_FRAME),
    ...RESUMABLE,
    encode: encodeOnce((event) => {
      const frame = frames.get(event) ?? frameOf(event, linksOf)
      frames.set(event, frame)
      return frame
    }),
  }
}

function frameOf({ cursor, job }: FeedEvent, linksOf: (jobId: string) => JobLinks): string {
  const id = encodeChangePosition(cursor)
  return job ? namedFrame('job', id, { ...job, links: linksOf(job.id) }) : namedFrame('ready', id, {})
}
