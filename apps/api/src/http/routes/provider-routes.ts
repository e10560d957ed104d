import { ProviderInfo } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'
import type { ModelLists } from '../../jobs/models/model-lists.ts'

/** The route of `/providers`: the providers and their models. */
export const providerRoutes: FastifyPluginAsyncZod<{ models: ModelLists }> = async (app, { models }) => {
  app.get('/', { schema: { response: { 200: z.array(ProviderInfo) } } }, async () => models.list())
}
