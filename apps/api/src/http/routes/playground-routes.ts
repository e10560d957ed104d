import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyPluginAsync } from 'fastify'

/** The page needs its own files and this server, and nothing else may run in it. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/**
 * `/`: the playground, plain files that `pnpm build` makes. Without them there is no such route.
 * @param options.folder where the files are
 */
export const playground: FastifyPluginAsync<{ folder: string }> = async (app, { folder }) => {
  if (!existsSync(join(folder, 'index.html'))) {
    app.log.info({ folder }, 'there is no playground: pnpm build makes it')
    return
  }
  // The page asks for a key itself, and it is no part of the interface.
  app.addHook('onRoute', (route) => {
    route.config = { ...route.config, access: 'open', rateLimit: false }
    route.schema = { ...route.schema, hide: true }
  })
  await app.register(fastifyStatic, {
    root: folder,
    // A route for each file: any other path stays an unknown route.
    wildcard: false,
    preCompressed: true,
    cacheControl: false,
    setHeaders: (reply, path) => {
      reply.header('x-content-type-options', 'nosniff')
      // Files in assets have a hash of their content in their names.
      const isNamedByContent = path.includes('/assets/')
      reply.header('cache-control', isNamedByContent ? 'public, max-age=31536000, immutable' : 'no-cache')
      if (/\.html(\.\w+)?$/.test(path)) reply.header('content-security-policy', POLICY)
    },
  })
}
