import { END_CURSOR, StreamCursor } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import type { JobService } from '../../jobs/job-service.ts'
import type { OpenStreams } from '../streams/open-streams.ts'
import { STREAM_TYPES } from '../streams/stream-format.ts'
import { acceptedType } from './accepted-type.ts'

/** A cursor that may be empty, as some clients send it at their first request. */
const EmptyOrCursor = z
  .string()
  .transform((text) => (text === '' ? undefined : text))
  .pipe(StreamCursor.optional())

interface JobStreamRoutesOptions {
  service: JobService
  streams: OpenStreams
}

/** The route of `/jobs/:id/stream`: the events of a job, from any place on, any number of times. */
export const jobStreamRoutes: FastifyPluginAsyncZod<JobStreamRoutesOptions> = async (app, { service, streams }) => {
  app.stopping.addEventListener('abort', () => streams.stopAll())

  app.get(
    '/:id/stream',
    {
      // Fastify's HEAD route would run the whole stream and send nothing of it.
      exposeHeadRoute: false,
      config: { access: 'key-or-stream-link' },
      schema: {
        params: z.object({ id: z.string().min(1) }),
        querystring: z.object({
          after: StreamCursor.optional(),
          // For clients that cannot send headers, such as event-source-polyfill.
          lastEventId: EmptyOrCursor.optional(),
          // Checked by authPlugin.
          expires: z.string().optional(),
          signature: z.string().optional(),
        }),
        headers: z.object({ 'last-event-id': EmptyOrCursor.optional() }),
      },
    },
    async (request, reply) => {
      const type = acceptedType(request, STREAM_TYPES)
      if (!type) throw new ApiError('not-acceptable', `Streams are available as ${STREAM_TYPES.join(', ')}.`)
      const job = await service.get(request.params.id, request.caller)
      const { after, lastEventId } = request.query
      const cursor = request.headers['last-event-id'] ?? lastEventId ?? after ?? 0
      // Not an empty 200: an EventSource would connect again and again. After a 204 it stops.
      if (cursor === END_CURSOR) return reply.code(204).send()
      streams.send(reply, job, cursor, type)
      return reply
    },
  )
}
