import { END_CURSOR, StreamCursor } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import type { JobService } from '../../jobs/job-service.ts'
import type { OpenStreams } from '../streams/open-streams.ts'
import { STREAM_TYPES } from '../streams/stream-format.ts'
import { acceptedType } from './accepted-type.ts'

/** A client without a cursor may send an empty one. */
const EmptyOrCursor = z
  .string()
  .transform((text) => (text === '' ? undefined : text))
  .pipe(StreamCursor.optional())

interface JobStreamRoutesOptions {
  service: JobService
  streams: OpenStreams
}

/** `/jobs/:id/stream`: the events of a job, from any point on, as often as wanted. */
export const jobStreamRoutes: FastifyPluginAsyncZod<JobStreamRoutesOptions> = async (app, { service, streams }) => {
  app.stopping.addEventListener('abort', () => streams.stopAll())

  app.get(
    '/:id/stream',
    {
      // The HEAD route that Fastify would add runs the whole stream to throw it away.
      exposeHeadRoute: false,
      config: { access: 'key-or-stream-link' },
      schema: {
        params: z.object({ id: z.string().min(1) }),
        querystring: z.object({
          after: StreamCursor.optional(),
          // Clients that cannot send headers, such as event-source-polyfill, send their cursor so.
          lastEventId: EmptyOrCursor.optional(),
          // Looked at where keys are.
          expires: z.string().optional(),
          signature: z.string().optional(),
        }),
        headers: z.object({ 'last-event-id': EmptyOrCursor.optional() }),
      },
    },
    async (request, reply) => {
      const type = acceptedType(request, STREAM_TYPES)
      if (!type) throw new ApiError('not-acceptable', `A stream can be had as ${STREAM_TYPES.join(', ')}.`)
      const job = await service.get(request.params.id, request.caller)
      const { after, lastEventId } = request.query
      const cursor = request.headers['last-event-id'] ?? lastEventId ?? after ?? 0
      // Not an empty 200: after that an EventSource would come again, for ever.
      if (cursor === END_CURSOR) return reply.code(204).send()
      streams.send(reply, job, cursor, type)
      return reply
    },
  )
}
