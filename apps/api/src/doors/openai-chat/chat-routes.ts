import { isFinal } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import type { StoredFinalJob, StoredJob } from '../../jobs/job.ts'
import type { JobService } from '../../jobs/job-service.ts'
import { jobIdOf } from '../door-ids.ts'
import type { DoorJobs } from '../door-jobs.ts'
import { answerErrorsAs } from '../door-refusal.ts'
import { EarlierAnswers } from '../earlier-answers.ts'
import { isCutAtBudget } from '../finish.ts'
import type { ModelNames } from '../model-names.ts'
import { chatCompletion } from './chat-completion.ts'
import { ChatEncoder } from './chat-encoder.ts'
import { refuseAsChat } from './chat-refusal.ts'
import { readChatRequest } from './chat-request.ts'

interface ChatRoutesOptions {
  service: JobService
  /** Of the door `openai-chat`, refusing with `refuseAsChat`. */
  jobs: DoorJobs
  names: ModelNames
}

const params = z.object({ id: z.string() })

/** The routes of `/v1/chat/completions`. */
export const chatRoutes: FastifyPluginAsyncZod<ChatRoutesOptions> = async (app, { service, jobs, names }) => {
  answerErrorsAs(app, refuseAsChat)

  app.post('/', { config: { traced: true } }, async (request, reply) => {
    const asked = readChatRequest(request.body, (name) => names.resolve(name))
    const { messages = [] } = asked.job
    // Before the job is made, so that it is stored with what the vendor gave.
    const resolved = await new EarlierAnswers(service, request.caller).resolve(messages)
    const { job } = await jobs.create(request, reply, asked.withMessages(resolved))
    const encoder = (made: StoredJob) => new ChatEncoder(made, asked.hasUsageChunk)
    return jobs.answer(reply, job, { isStreamed: asked.isStreamed, encoder, json: chatCompletion })
  })

  app.get('/:id', { schema: { params } }, async ({ params: { id }, caller }) => {
    const job = await service.get(jobOf(id), caller)
    return chatCompletion(completed(job))
  })

  app.delete('/:id', { schema: { params } }, async ({ params: { id }, caller }) => {
    const jobId = jobOf(id)
    await service.cancel(jobId, caller)
    await service.delete(jobId, caller)
    return { object: 'chat.completion.deleted', id, deleted: true }
  })

  app.get('/', () => missing('Stored chat completions are not listed here. GET /jobs lists the jobs behind them.'))
  app.post('/:id', { schema: { params } }, () =>
    missing('A stored chat completion cannot be changed. Send its metadata with the request that makes it.'),
  )
  app.get('/:id/messages', { schema: { params } }, () =>
    missing('The messages of a stored chat completion are not listed here. GET /jobs/:id has them.'),
  )
}

function jobOf(id: string): string {
  return jobIdOf('chatcmpl-', id) ?? missing('There is no chat completion with this id.')
}

/** An answer in this form is whole. Other jobs can be read natively. */
function completed(job: StoredJob): StoredFinalJob {
  if (!isFinal(job))
    return missing(`The chat completion is not finished. GET /jobs/${job.id}/stream has its answer so far.`)
  if (job.status === 'completed' || isCutAtBudget(job)) return job
  const reason = job.status === 'failed' ? job.error.message : 'It was cancelled.'
  return missing(`The chat completion is not complete: ${reason} GET /jobs/${job.id} has what there is of it.`)
}

/** Not 405, 409 or a failure: SDKs would send the request again, or take the server for one that has no such API. */
function missing(message: string): never {
  throw new ApiError('job-not-found', message)
}
