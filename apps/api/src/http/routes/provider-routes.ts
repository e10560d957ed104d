import { ProviderInfo } from '@promptlab/contract'
import type { ProviderRegistry } from '@promptlab/providers'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'
import { z } from 'zod'

/** The route of `/providers`: the providers and their models. */
export const providerRoutes: FastifyPluginAsyncZod<{ providers: ProviderRegistry }> = async (app, { providers }) => {
  app.get('/', { schema: { response: { 200: z.array(ProviderInfo) } } }, async () => providers.list())
}
