import fp from 'fastify-plugin'
import { answerFrom } from '../plugins/later-app.ts'
import type { DescribedApi } from './described-api.ts'
import type { DescribedRoute } from './docs-app.ts'

interface OpenapiOptions {
  /** Loads what the document has beside the routes of the native API. */
  readonly loadForeign: () => Promise<DescribedApi>
}

/** The routes of the page: Swagger UI has these in its folder. */
const PAGE_ROUTES = ['/docs', '/docs/', '/docs/json', '/docs/yaml', '/docs/static/*']

/**
 * Describes every route that is registered from now on. Serves the document, and a page on which people can read it. Both are
 * made when they are first asked for: their packages and schemas would be a tenth of the server's start and memory.
 */
export const openapiPlugin = fp<OpenapiOptions>(
  async (app, { loadForeign }) => {
    const routes: DescribedRoute[] = []
    const handler = answerFrom(async () => {
      const { buildDocsApp } = await import('./docs-app.ts')
      return buildDocsApp(routes, await loadForeign())
    })
    app.get('/openapi.json', { config: { access: 'open' }, handler })
    for (const url of PAGE_ROUTES) app.get(url, { config: { access: 'open', rateLimit: false }, handler })

    app.addHook('onRoute', ({ method, url, schema }) => {
      if (!schema?.hide) routes.push({ method, url, ...(schema && { schema }) })
    })
  },
  { name: 'openapi', dependencies: ['auth', 'problems'] },
)
