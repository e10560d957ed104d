import { createJobBody, ItemId, isFinal, JobListQuery, JobPage, JobResource } from '@promptlab/contract'
import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { StoredJob } from '../../jobs/job.ts'
import type { JobService } from '../../jobs/job-service.ts'
import type { StreamLinks } from '../access/stream-links.ts'
import type { OpenStreams } from '../streams/open-streams.ts'
import { STREAM_TYPES } from '../streams/stream-format.ts'
import { acceptedType } from './accepted-type.ts'
import { clientGone } from './client-gone.ts'
import { jobLinks } from './job-links.ts'
import { jobResource } from './job-resource.ts'
import { preferredWaitSeconds } from './prefer-wait.ts'
import { schemaFault } from './schema-fault.ts'
import { readingOf, StreamQuery } from './stream-query.ts'

interface JobRoutesOptions {
  service: JobService
  streams: OpenStreams
  /** Undefined on a server without keys, whose streams need no signed link. */
  streamLinks: StreamLinks | undefined
  /** The longest text, in Unicode code points. */
  maxPromptChars: number
}

const params = z.object({ id: z.string().min(1) })

const CreateHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^[\x21-\x7e]{1,255}$/, 'Must be 1 to 255 visible ASCII characters')
    .optional(),
  prefer: z.union([z.string(), z.array(z.string())]).optional(),
})

/** The routes of `/jobs`: create, read, list, cancel and delete jobs. */
export const jobRoutes: FastifyPluginAsyncZod<JobRoutesOptions> = async (app, options) => {
  const { service, streams, streamLinks, maxPromptChars } = options
  const body = createJobBody({ maxPromptChars, schemaFault })
  const linksOf = jobLinks(app.prefix, streamLinks)
  const shown = (job: StoredJob) => jobResource(job, linksOf(job.id))

  app.post(
    '/',
    {
      schema: {
        body,
        headers: CreateHeaders,
        querystring: StreamQuery,
        response: { 200: JobResource, 202: JobResource },
      },
      config: { traced: true },
    },
    async (request, reply) => {
      const { body, caller, headers, trace } = request
      // Read first, so that a request for a stream that cannot be had creates no job.
      const stream = streamOf(request, request.query)
      const created = await service.create(body, caller, {
        key: headers['idempotency-key'],
        traceparent: trace?.traceparent,
      })
      request.jobId = created.job.id
      request.releaseBody()
      reply.header('location', `${app.prefix}/${created.job.id}`)
      if (created.isReplay) reply.header('idempotency-replayed', 'true')

      // The stream begins at the start of the text, also if an earlier request created the job.
      if (stream) {
        streams.send(reply, created.job, stream.reading, stream.type)
        return reply
      }

      const waitSeconds = preferredWaitSeconds(request.headers.prefer)
      if (waitSeconds === undefined) return reply.code(created.isReplay ? 200 : 202).send(shown(created.job))
      const interest = AbortSignal.any([clientGone(reply), app.stopping])
      const job = await service.wait(created.job.id, waitSeconds * 1000, interest)
      reply.header('preference-applied', `wait=${waitSeconds}`)
      return reply.code(created.isReplay || isFinal(job) ? 200 : 202).send(shown(job))
    },
  )

  app.get('/', { schema: { querystring: JobListQuery, response: { 200: JobPage } } }, async (request) => {
    const { data, nextCursor } = await service.list(request.query, request.caller)
    return { data: data.map((job) => ({ ...job, links: linksOf(job.id) })), nextCursor }
  })

  app.get('/:id', { schema: { params, response: { 200: JobResource } } }, async (request) =>
    shown(await service.get(request.params.id, request.caller)),
  )

  app.get('/:id/items/:item', { schema: { params: params.extend({ item: ItemId }) } }, async (request, reply) => {
    const { bytes, mediaType } = await service.getItem(request.params.id, request.params.item, request.caller)
    // Never shown as a page of this server, whatever a caller has put into it.
    return reply
      .type(mediaType)
      .header('content-disposition', 'attachment')
      .header('x-content-type-options', 'nosniff')
      .header('cache-control', 'private, max-age=31536000, immutable')
      .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length))
  })

  app.post('/:id/cancel', { schema: { params, response: { 200: JobResource } } }, async (request) =>
    shown(await service.cancel(request.params.id, request.caller)),
  )

  app.delete('/:id', { schema: { params } }, async (request, reply) => {
    await service.delete(request.params.id, request.caller)
    return reply.code(204).send()
  })
}

/** The stream that a client wants in place of the job as JSON; undefined if it wants the job. */
function streamOf(request: FastifyRequest, query: StreamQuery) {
  const type = acceptedType(request, ['application/json', ...STREAM_TYPES])
  if (!type || type === 'application/json') return undefined
  const reading = readingOf(query, type)
  return reading && { reading, type }
}
