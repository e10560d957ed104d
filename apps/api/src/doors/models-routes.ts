import type { FastifyRequest } from 'fastify'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import { ApiError } from '../base/api-error.ts'
import { clip } from '../http/clip.ts'
import { answerErrorsAs, type Refuse } from './door-refusal.ts'
import type { ModelNames } from './model-names.ts'
import { anthropicModel, anthropicModels, openaiModel, openaiModels } from './model-pages.ts'

interface ModelsRoutesOptions {
  names: ModelNames
  refuseAsOpenAi: Refuse
  refuseAsAnthropic: Refuse
}

/** The most models of a page, as Anthropic has it. OpenAI has no pages, and ignores the query. */
const PageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(20).catch(20),
  after_id: z.string().optional().catch(undefined),
  before_id: z.string().optional().catch(undefined),
})

/** The routes of `/v1/models`. The SDKs of two vendors ask here; those of Anthropic send the version of their API. */
export const modelsRoutes: FastifyPluginAsyncZod<ModelsRoutesOptions> = async (app, options) => {
  const { names, refuseAsOpenAi, refuseAsAnthropic } = options
  answerErrorsAs(app, (error, request) => (isAnthropic(request) ? refuseAsAnthropic : refuseAsOpenAi)(error, request))

  app.get('/', { schema: { querystring: PageQuery } }, async (request) =>
    isAnthropic(request) ? anthropicModels(names.list(), request.query) : openaiModels(names.list()),
  )

  // Names have slashes, and SDKs send these encoded or not.
  app.get('/*', { schema: { params: z.object({ '*': z.string() }) } }, async (request) => {
    const name = request.params['*']
    const model = names.find(name)
    if (!model)
      throw new ApiError('unknown-model', `There is no model "${clip(name)}". GET /v1/models lists the models.`)
    return isAnthropic(request) ? anthropicModel(model) : openaiModel(model)
  })
}

function isAnthropic({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  return headers['anthropic-version'] !== undefined
}
