import { JobFeedQuery, type JobLinks } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import { decodeChangePosition } from '../../jobs/feed/feed-cursor.ts'
import type { JobFeed } from '../../jobs/feed/job-feed.ts'
import type { ChangePosition } from '../../jobs/ports/job-changes.ts'
import { feedFormat } from '../streams/feed-format.ts'
import type { OpenStreams } from '../streams/open-streams.ts'
import { acceptedType } from './accepted-type.ts'

interface JobFeedRoutesOptions {
  feed: JobFeed
  streams: OpenStreams
  linksOf: (jobId: string) => JobLinks
}

const headers = z.object({
  'last-event-id': JobFeedQuery.shape.after.describe('The same as `after`. It counts first.'),
})

/** The route of `/events`: every change of state of a caller's jobs, over one connection. */
export const jobFeedRoutes: FastifyPluginAsyncZod<JobFeedRoutesOptions> = async (app, { feed, streams, linksOf }) => {
  const format = feedFormat(linksOf)

  // Fastify's HEAD route would run the whole stream and send nothing of it.
  app.get('/', { exposeHeadRoute: false, schema: { querystring: JobFeedQuery, headers } }, async (request, reply) => {
    const type = acceptedType(request, ['text/event-stream'])
    if (!type) throw new ApiError('not-acceptable', 'The feed is available as text/event-stream.')
    const after = cursorOf({ ...request.query, ...request.headers })
    streams.sendFeed(reply, format, (callbacks) => feed.open(request.caller, after, callbacks))
    return reply
  })
}

/**
 * The first cursor that is given and not empty, as some clients send an empty one at their first request.
 * @throws ApiError `invalid-request`
 */
function cursorOf(given: JobFeedQuery & z.infer<typeof headers>): ChangePosition | undefined {
  const path = (['last-event-id', 'lastEventId', 'after'] as const).find((name) => given[name])
  return path && decodeChangePosition(given[path] ?? '', path)
}
