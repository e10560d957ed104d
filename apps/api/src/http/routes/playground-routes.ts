import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'

/** The page may use its own files and call this server, and show images that it has in memory. Nothing else may run in it. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * The routes of the playground at `/`: the static files that `pnpm build` makes. Without the files there are no routes.
 * @param options.folder the folder of the files
 */
export const playground: FastifyPluginAsync<{ folder: string }> = async (app, { folder }) => {
  if (!existsSync(join(folder, 'index.html'))) {
    app.log.info({ folder }, 'the playground is not served: pnpm build makes its files')
    return
  }
  // The page needs no key to load, as it asks for one itself. It is not part of the API.
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: 'open', rateLimit: false }
    route.schema = { ...route.schema, hide: true }
  })
  await app.register(fastifyStatic, {
    root: folder,
    // One route for each file, so that any other path stays unknown.
    wildcard: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('x-content-type-options', 'nosniff')
      // The names of files in assets have a hash of the content.
      const isNamedByContent = path.includes('/assets/')
      reply.header('cache-control', isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache')
      if (/\.html(\.\w+)?$/.test(path)) reply.header('content-security-policy', POLICY)
    },
  })
}
