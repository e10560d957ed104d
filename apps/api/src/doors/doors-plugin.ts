import type { ProviderRegistry } from '@promptlab/providers'
import type { FastifyPluginAsync } from 'fastify'
import { knownRoutes, otherMethods } from '../http/plugins/other-methods.ts'
import type { OpenStreams } from '../http/streams/open-streams.ts'
import type { JobService } from '../jobs/job-service.ts'
import type { ModelLists } from '../jobs/models/model-lists.ts'
import type { WaitingClients } from '../jobs/repeats/waiting-clients.ts'
import { refuseAsAnthropic } from './anthropic-messages/anthropic-error.ts'
import { messagesRoutes } from './anthropic-messages/messages-routes.ts'
import { DoorJobs } from './door-jobs.ts'
import { answerErrorsAs } from './door-refusal.ts'
import { ModelNames } from './model-names.ts'
import { modelsRoutes } from './models-routes.ts'
import { refuseAsChat } from './openai-chat/chat-refusal.ts'
import { chatRoutes } from './openai-chat/chat-routes.ts'
import { refuseAsOpenAi } from './openai-error.ts'
import { responsesRoutes } from './openai-responses/responses-routes.ts'

/** What the routes of every door need. */
export interface DoorOptions {
  service: JobService
  clients: WaitingClients
  streams: OpenStreams
  models: ModelLists
  providers: ProviderRegistry
  /** The longest text, in Unicode code points. */
  maxPromptChars: number
}

/** The foreign APIs over jobs: their official SDKs work with this server unchanged. */
export const doors: FastifyPluginAsync<DoorOptions> = async (app, options) => {
  const routes = knownRoutes(app)
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, takesApiKeyHeader: true }
  })
  answerErrorsAs(app, refuseAsOpenAi)
  const { service, models, providers } = options
  const names = new ModelNames(models, providers)
  const deps = { ...options, names }
  const responseJobs = new DoorJobs('openai-responses', refuseAsOpenAi, deps)
  app.register(responsesRoutes, { prefix: '/responses', service, jobs: responseJobs, names })
  const chatJobs = new DoorJobs('openai-chat', refuseAsChat, deps)
  app.register(chatRoutes, { prefix: '/chat/completions', service, jobs: chatJobs, names })
  app.register(modelsRoutes, { prefix: '/models', names, refuseAsOpenAi: refuseAsChat, refuseAsAnthropic })
  const messageJobs = new DoorJobs('anthropic-messages', refuseAsAnthropic, deps)
  app.register(messagesRoutes, { prefix: '/messages', service, jobs: messageJobs, names })
  // The Messages API says it in its own words.
  app.register(otherMethods, { routes: () => routes.filter(({ path }) => !path.startsWith(`${app.prefix}/messages`)) })
}
