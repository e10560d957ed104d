import { createJobBody, Job } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { JobService } from './job-service.ts'

interface JobRoutesOptions {
  service: JobService
  /** The longest prompt, in Unicode code points. */
  maxPromptChars: number
}

/** `/jobs`: create and read. */
export const jobRoutes: FastifyPluginAsyncZod<JobRoutesOptions> = async (app, { service, maxPromptChars }) => {
  app.post('/', { schema: { body: createJobBody(maxPromptChars), response: { 202: Job } } }, async (request, reply) => {
    const job = await service.create(request.body)
    return reply.code(202).header('location', `${app.prefix}/${job.id}`).send(job)
  })

  app.get(
    '/:id',
    { schema: { params: z.object({ id: z.string() }), response: { 200: Job } } },
    async (request) => await service.get(request.params.id),
  )
}
