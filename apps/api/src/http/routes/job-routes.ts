import {
  Conversation,
  ConversationQuery,
  createJobBody,
  DeliveryList,
  Fixture,
  forkJobBody,
  ItemId,
  JobListQuery,
  JobPage,
  JobResource,
  rerunJobBody,
} from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { StoredJob } from '../../jobs/job.ts'
import type { JobService } from '../../jobs/job-service.ts'
import type { StreamLinks } from '../access/stream-links.ts'
import type { OpenStreams } from '../streams/open-streams.ts'
import { CreatedJobAnswers, CreateHeaders } from './created-job.ts'
import { jobLinks } from './job-links.ts'
import { jobResource } from './job-resource.ts'
import { schemaFault } from './schema-fault.ts'
import { StreamQuery } from './stream-query.ts'

interface JobRoutesOptions {
  service: JobService
  streams: OpenStreams
  /** Undefined on a server without keys, whose streams need no signed link. */
  streamLinks: StreamLinks | undefined
  /** The longest text, in Unicode code points. */
  maxPromptChars: number
}

const params = z.object({ id: z.string().min(1) })

/** What the routes that create a job have in common. */
const creating = {
  headers: CreateHeaders,
  querystring: StreamQuery,
  response: { 200: JobResource, 202: JobResource },
}

/** The routes of `/jobs`: create, read, list, cancel and delete jobs, and make jobs of jobs. */
export const jobRoutes: FastifyPluginAsyncZod<JobRoutesOptions> = async (app, options) => {
  const { service, streams, streamLinks, maxPromptChars } = options
  const limits = { maxPromptChars, schemaFault }
  const linksOf = jobLinks(app.prefix, streamLinks)
  const shown = (job: StoredJob) => jobResource(job, linksOf(job.id))
  const created = new CreatedJobAnswers({ service, streams, prefix: app.prefix, stopping: app.stopping, shown })

  app.post('/', { schema: { body: createJobBody(limits), ...creating }, config: { traced: true } }, (request, reply) =>
    created.answer(request, reply, (creation) => service.create(request.body, request.caller, creation)),
  )

  app.post(
    '/:id/rerun',
    { schema: { body: rerunJobBody(limits), params, ...creating }, config: { traced: true } },
    (request, reply) =>
      created.answer(request, reply, (creation) =>
        service.rerun(request.params.id, request.body, request.caller, creation),
      ),
  )

  app.post(
    '/:id/fork',
    { schema: { body: forkJobBody(limits), params, ...creating }, config: { traced: true } },
    (request, reply) =>
      created.answer(request, reply, (creation) =>
        service.fork(request.params.id, request.body, request.caller, creation),
      ),
  )

  app.get('/', { schema: { querystring: JobListQuery, response: { 200: JobPage } } }, async (request) => {
    const { data, nextCursor } = await service.history.list(request.query, request.caller)
    return { data: data.map((job) => ({ ...job, links: linksOf(job.id) })), nextCursor }
  })

  app.get('/:id', { schema: { params, response: { 200: JobResource } } }, async (request) =>
    shown(await service.get(request.params.id, request.caller)),
  )

  app.get(
    '/:id/conversation',
    { schema: { params, querystring: ConversationQuery, response: { 200: Conversation } } },
    async (request) => {
      const { jobs, earlier } = await service.history.conversation(
        request.params.id,
        request.query.limit,
        request.caller,
      )
      return { data: jobs.map(shown), earlier }
    },
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

  app.get(
    '/:id/fixture',
    // To check each piece of a long answer would hold up all streams: 1 s for 300,000 pieces, of which JSON takes 0.07 s.
    { schema: { params, response: { 200: Fixture } }, serializerCompiler: () => (fixture) => JSON.stringify(fixture) },
    async (request) => service.fixture(request.params.id, request.caller),
  )

  app.get('/:id/deliveries', { schema: { params, response: { 200: DeliveryList } } }, async (request) => ({
    data: await service.deliveries(request.params.id, request.caller),
  }))

  app.post('/:id/cancel', { schema: { params, response: { 200: JobResource } } }, async (request) =>
    shown(await service.cancel(request.params.id, request.caller)),
  )

  app.delete('/:id', { schema: { params } }, async (request, reply) => {
    await service.delete(request.params.id, request.caller)
    return reply.code(204).send()
  })
}
