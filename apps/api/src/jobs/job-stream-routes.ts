import { END_CURSOR, StreamCursor } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { EventStream } from './event-stream.ts'
import type { JobService } from './job-service.ts'

interface JobStreamRoutesOptions {
  service: JobService
  /** Silence on a stream after which a comment is sent. */
  heartbeatMs: number
}

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
  // A connection kept alive after its stream would hold up the server's shutdown.
  connection: 'close',
} as const

/** `/jobs/:id/stream`: the tokens of a job as Server-Sent Events, from any point on, as often as wanted. */
export const jobStreamRoutes: FastifyPluginAsyncZod<JobStreamRoutesOptions> = async (app, { service, heartbeatMs }) => {
  const open = new Set<EventStream>()

  app.stopping.addEventListener('abort', () => {
    for (const stream of open) stream.stop()
  })

  app.get(
    '/:id/stream',
    {
      // The HEAD route that Fastify would add runs the whole stream to throw it away.
      exposeHeadRoute: false,
      schema: {
        params: z.object({ id: z.string() }),
        querystring: z.object({ after: StreamCursor.optional() }),
        headers: z.object({ 'last-event-id': StreamCursor.optional() }),
      },
    },
    async (request, reply) => {
      const { id } = await service.get(request.params.id)
      const cursor = request.headers['last-event-id'] ?? request.query.after ?? 0
      // Not an empty 200: after that an EventSource would come again, for ever.
      if (cursor === END_CURSOR) return reply.code(204).send()

      const stream = new EventStream({ events: (signal) => service.events(id, cursor, signal), heartbeatMs })
      open.add(stream)
      stream.once('close', () => open.delete(stream))
      return reply.headers(STREAM_HEADERS).send(stream)
    },
  )
}
