import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import Fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify'
import { answerFrom } from '../plugins/later-app.ts'

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
  const handler = answerFrom(() => buildFilesApp(folder))
  // One route for each file, so that any other path stays unknown.
  for (const path of ['', ...(await filesIn(folder))]) {
    // The page needs no key to load, as it asks for one itself. It is not part of the API.
    app.get(`/${path}`, { config: { access: 'open', rateLimit: false }, schema: { hide: true }, handler })
  }
}

/** The paths of the files in a folder, with slashes. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
  return files.map(({ parentPath, name }) => relative(folder, join(parentPath, name)).split(sep).join('/'))
}

/** An app that serves the files of a folder. It is loaded when the first one is asked for: its packages take 40 ms and 5 MB. */
async function buildFilesApp(folder: string): Promise<FastifyInstance> {
  const { default: fastifyStatic } = await import('@fastify/static')
  const app = Fastify()
  await app.register(fastifyStatic, {
    root: folder,
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
  return app
}
