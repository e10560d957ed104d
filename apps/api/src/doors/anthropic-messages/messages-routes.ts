import type { FastifyPluginAsync } from 'fastify'
import { knownRoutes, otherMethods } from '../../http/plugins/other-methods.ts'
import type { JobService } from '../../jobs/job-service.ts'
import type { DoorJobs } from '../door-jobs.ts'
import { answerErrorsAs } from '../door-refusal.ts'
import { EarlierAnswers } from '../earlier-answers.ts'
import type { ModelNames } from '../model-names.ts'
import { refuseAsAnthropic } from './anthropic-error.ts'
import { MessageEncoder } from './message-encoder.ts'
import { messageObject } from './message-object.ts'
import { messagesRequest } from './messages-request.ts'

interface MessagesRoutesOptions {
  readonly service: JobService
  readonly jobs: DoorJobs
  readonly names: ModelNames
}

/**
 * The routes of Anthropic's Messages API, below `/v1/messages`. There is no `count_tokens`: only the vendor of a model could
 * tell the number truly.
 */
export const messagesRoutes: FastifyPluginAsync<MessagesRoutesOptions> = async (app, { service, jobs, names }) => {
  const routes = knownRoutes(app)
  answerErrorsAs(app, refuseAsAnthropic)

  app.post('/', { config: { traced: true } }, async (request, reply) => {
    const asked = messagesRequest(request.body, (name) => names.resolve(name))
    const { messages } = asked.job
    const resolved = messages && (await new EarlierAnswers(service, request.caller).resolve(messages))
    reply.header('request-id', request.id)
    const { job } = await jobs.create(request, reply, {
      ...asked,
      job: { ...asked.job, ...(resolved && { messages: resolved }) },
    })
    return jobs.answer(reply, job, {
      isStreamed: asked.isStreamed,
      encoder: (job) => new MessageEncoder(job, request.id),
      json: messageObject,
    })
  })

  app.register(otherMethods, { routes: () => routes })
}
