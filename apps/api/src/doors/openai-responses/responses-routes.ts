import { isFinal } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import { clip } from '../../http/clip.ts'
import { pathOf } from '../../http/path-of.ts'
import type { Caller } from '../../jobs/caller.ts'
import { ItemReader } from '../../jobs/input/item-reader.ts'
import { readMessage } from '../../jobs/input/read-message.ts'
import type { StoredJob } from '../../jobs/job.ts'
import type { JobService } from '../../jobs/job-service.ts'
import { jobIdOf } from '../door-ids.ts'
import type { DoorJobs } from '../door-jobs.ts'
import { EarlierAnswers } from '../earlier-answers.ts'
import type { ModelNames } from '../model-names.ts'
import { InputItemsQuery, inputItems } from './input-items.ts'
import { ResponseEncoder } from './response-encoder.ts'
import { responseObject } from './response-object.ts'
import { ResponseQuery, responseReading } from './response-query.ts'
import { readResponseRequest } from './response-request.ts'

interface ResponsesRoutesOptions {
  service: JobService
  jobs: DoorJobs
  names: ModelNames
}

const params = z.object({ id: z.string().min(1) })

/** OpenAI's Responses API, `/v1/responses`, over jobs. */
export const responsesRoutes: FastifyPluginAsyncZod<ResponsesRoutesOptions> = async (app, { service, jobs, names }) => {
  app.post('/', { config: { traced: true } }, async (request, reply) => {
    const earlier = new EarlierAnswers(service, request.caller)
    const resolveModel = (name: string) => names.resolve(name)
    const asked = await readResponseRequest(request.body, { resolveModel, earlier })
    const { job } = await jobs.create(request, reply, asked)
    if (!asked.isBackground) {
      const encoder = (begun: StoredJob) => new ResponseEncoder(begun)
      return jobs.answer(reply, job, {
        isStreamed: asked.isStreamed,
        encoder,
        json: (ended) => responseObject(ended),
      })
    }
    if (asked.isStreamed) return jobs.stream(reply, job, new ResponseEncoder(job), false)
    return responseObject(job)
  })

  // Without Fastify's HEAD route: it would run the whole stream, whose text has no place in the answer.
  const read = { exposeHeadRoute: false, schema: { params, querystring: ResponseQuery } }
  app.get('/:id', read, async (request, reply) => {
    const { isStreamed, startingAfter, include } = responseReading(request.query)
    const job = await responseJob(request.params.id, (id) => service.get(id, request.caller))
    if (!isStreamed) return responseObject(job, include)
    return jobs.stream(reply, job, new ResponseEncoder(job, { startingAfter, include }), false)
  })

  app.post('/:id/cancel', { schema: { params } }, async (request) =>
    responseObject(await responseJob(request.params.id, (id) => service.cancel(id, request.caller))),
  )

  app.delete('/:id', { schema: { params } }, async (request) => {
    const { id } = request.params
    await responseJob(id, (jobId) => endAndDelete(service, jobId, request.caller))
    return { id, object: 'response', deleted: true }
  })

  app.get('/:id/input_items', { schema: { params, querystring: InputItemsQuery } }, async (request) => {
    const { caller, query } = request
    const job = await responseJob(request.params.id, (id) => service.get(id, caller))
    const items = new ItemReader({ findItem: async (item) => (await service.getItem(job.id, item, caller)).bytes })
    return await inputItems(job, query, (message) => readMessage(message, items))
  })

  // Without these, a path would be the id of a response.
  for (const path of ['/compact', '/input_tokens']) {
    app.post(path, async (request) => {
      throw new ApiError('route-not-found', `There is no ${request.method} ${pathOf(request)}.`)
    })
  }
}

/**
 * @param find what is done with the job that is the response
 * @throws ApiError `job-not-found`, in the words of this API
 */
async function responseJob<Found>(id: string, find: (jobId: string) => Promise<Found>): Promise<Found> {
  const jobId = jobIdOf('resp_', id)
  if (jobId === undefined) throw unknownResponse(id)
  try {
    return await find(jobId)
  } catch (error) {
    throw error instanceof ApiError && error.code === 'job-not-found' ? unknownResponse(id) : error
  }
}

function unknownResponse(id: string): ApiError {
  return new ApiError('job-not-found', `Response with id '${clip(id)}' not found.`)
}

/** A running response is cancelled first. */
async function endAndDelete(service: JobService, id: string, caller: Caller): Promise<void> {
  if (!isFinal(await service.get(id, caller))) await service.cancel(id, caller)
  await service.delete(id, caller)
}
