import { Liveness, Readiness } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'

interface HealthRoutesOptions {
  /** What the server cannot work without, by name; a check that rejects says what is wrong. */
  checks: Readonly<Record<string, () => Promise<void>>>
  /** Counts the processes that run jobs. */
  countWorkers: () => Promise<number>
}

/** `/health`: whether the process lives, and whether it can take jobs. */
export const healthRoutes: FastifyPluginAsyncZod<HealthRoutesOptions> = async (app, { checks, countWorkers }) => {
  app.get(
    '/live',
    { config: { access: 'open', rateLimit: false }, schema: { response: { 200: Liveness } } },
    async () => ({ status: 'live' }) as const,
  )

  app.get(
    '/ready',
    { config: { access: 'open', rateLimit: false }, schema: { response: { 200: Readiness, 503: Readiness } } },
    async (request, reply) => {
      const dependencies: Readiness['dependencies'] = {}
      for (const [name, check] of Object.entries(checks)) {
        try {
          await check()
          dependencies[name] = { ready: true }
        } catch (error) {
          request.log.warn({ err: error, dependency: name }, 'not ready')
          dependencies[name] = { ready: false, detail: error instanceof Error ? error.message : 'It failed' }
        }
      }
      const isReady = Object.values(dependencies).every(({ ready }) => ready)
      const workers = await countWorkers().catch(() => undefined)
      const status = isReady ? 'ready' : 'not-ready'
      return await reply
        .code(isReady ? 200 : 503)
        .send({ status, dependencies, ...(workers !== undefined && { workers }) })
    },
  )
}
