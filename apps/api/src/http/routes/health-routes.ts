import { Liveness, Readiness } from '@promptlab/contract'
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod'

interface HealthRoutesOptions {
  /** A check for each dependency, by name. It rejects with a message if the dependency is not ready. */
  checks: Readonly<Record<string, () => Promise<void>>>
  /** Counts the processes that run jobs. */
  countWorkers: () => Promise<number>
}

const AT_ONCE = { access: 'open', rateLimit: false, takesTurns: false } as const

/** The routes of `/health`: whether the process lives, and whether it can take jobs. */
export const healthRoutes: FastifyPluginAsyncZod<HealthRoutesOptions> = async (app, { checks, countWorkers }) => {
  app.get(
    '/live',
    { config: AT_ONCE, schema: { response: { 200: Liveness } } },
    async () => ({ status: 'live' }) as const,
  )

  app.get(
    '/ready',
    { config: AT_ONCE, schema: { response: { 200: Readiness, 503: Readiness } } },
    async (request, reply) => {
      const dependencies: Readiness['dependencies'] = {}
      for (const [name, check] of Object.entries(checks)) {
        try {
          await check()
          dependencies[name] = { ready: true }
        } catch (error) {
          request.log.warn({ err: error, dependency: name }, 'a dependency is not ready')
          dependencies[name] = { ready: false, detail: error instanceof Error ? error.message : 'The check failed.' }
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
