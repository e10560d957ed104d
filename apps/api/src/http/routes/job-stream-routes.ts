import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import type { JobService } from '../../jobs/job-service.ts'
import type { OpenStreams } from '../streams/open-streams.ts'
import { STREAM_TYPES } from '../streams/stream-format.ts'
import { acceptedType } from './accepted-type.ts'
import { AnyCursor, readingOf, StreamQuery } from './stream-query.ts'

interface JobStreamRoutesOptions {
  service: JobService
  streams: OpenStreams
}

const CURSOR =
  'The id of the last event that the client has: in the view `text` a length of the text such as `9`, in the view `full` a place such as `f19`, or `end`.'

/** The route of `/jobs/:id/stream`: the events of a job, from any place on, any number of times. */
export const jobStreamRoutes: FastifyPluginAsyncZod<JobStreamRoutesOptions> = async (app, { service, streams }) => {
  app.stopping.addEventListener('abort', () => streams.stopNative())

  app.get(
    '/:id/stream',
    {
      // Fastify's HEAD route would run the whole stream and send nothing of it.
      exposeHeadRoute: false,
      config: { access: 'key-or-stream-link' },
      schema: {
        params: z.object({ id: z.string().min(1) }),
        querystring: StreamQuery.extend({
          after: AnyCursor.min(1).optional().describe(CURSOR),
          // For clients that cannot send headers, such as event-source-polyfill.
          lastEventId: AnyCursor.optional().describe('The same as `after`.'),
          // Checked by authPlugin.
          expires: z.string().optional(),
          signature: z.string().optional(),
        }),
        headers: z.object({ 'last-event-id': AnyCursor.optional().describe('The same as `after`. It counts first.') }),
      },
    },
    async (request, reply) => {
      const type = acceptedType(request, STREAM_TYPES)
      if (!type) throw new ApiError('not-acceptable', `Streams are available as ${STREAM_TYPES.join(', ')}.`)
      const reading = readingOf(request.query, type, { ...request.query, ...request.headers })
      const job = await service.get(request.params.id, request.caller)
      // Not an empty 200: an EventSource would connect again and again. After a 204 it stops.
      if (!reading) return reply.code(204).send()
      streams.send(reply, job, reading, type)
      return reply
    },
  )
}
