import type { IncomingMessage } from 'node:http'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../../base/api-error.ts'
import { pathOf } from '../path-of.ts'

interface KnownRoute {
  readonly path: string
  /** The configuration is complete when all plugins are loaded, as hooks may add to it. */
  readonly options: Pick<RouteOptions, 'method' | 'config'>
}

/** The methods that routes take. */
const ROUTED_METHODS = ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']

/**
 * The method under which the router looks up every method that no route takes. Node.js reads 35 methods, and the router has a
 * tree for each that it knows: with all of them on every path, the trees took 20 MB and a tenth of the start.
 */
const STAND_IN = 'TRACE'

/** The methods of requests that were looked up under the other one. */
const sentMethods = new WeakMap<IncomingMessage, string>()

/** Chooses the method under which a request is looked up. Fastify calls it with each request, before it looks for the route. */
export function chooseRoutedMethod(request: IncomingMessage): string {
  const { method, url = '' } = request
  if (method !== undefined && !ROUTED_METHODS.includes(method)) {
    sentMethods.set(request, method)
    request.method = STAND_IN
  }
  return url
}

/** Gives a request its own method back when its route is found. Must be registered before all that reads the method. */
export const sentMethod = fp(
  async (app) => {
    app.addHook('onRequest', ({ raw }, _, done) => {
      const method = sentMethods.get(raw)
      if (method !== undefined) raw.method = method
      done()
    })
  },
  { name: 'sent-method' },
)

/** Collects the routes that are registered from now on. The list is complete when all plugins are loaded. */
export function knownRoutes(app: FastifyInstance): readonly KnownRoute[] {
  const routes: KnownRoute[] = []
  app.addHook('onRoute', (options) => {
    const { path, prefix, routePath } = options
    // The route that answers OPTIONS on every path, for CORS, makes no path known.
    if (path === '*') return
    routes.push({ path, options })
    // Fastify serves the root of a prefix with and without a slash at the end, and calls the hook once.
    if (prefix !== '' && routePath === '') routes.push({ path: `${path}/`, options })
  })
  return routes
}

/**
 * Answers every other method of a known path with 405 and the list of methods that the path takes. Such a request needs the
 * same key as the path, and counts against the same rate limit. Must be registered after all routes.
 */
export const otherMethods = fp<{ routes: () => readonly KnownRoute[] }>(
  async (app, { routes }) => {
    for (const [url, ofPath] of Map.groupBy([...routes()], ({ path }) => path)) {
      const taken = new Set(ofPath.flatMap(({ options }) => options.method))
      const allow = [...taken].sort().join(', ')
      const unroutable = [...taken].find((method) => !ROUTED_METHODS.includes(method))
      if (unroutable !== undefined)
        throw new Error(`The route ${unroutable} ${url} has a method that is never looked up`)
      const refuse = async (request: FastifyRequest, reply: FastifyReply) => {
        reply.header('allow', allow)
        throw new ApiError(
          'method-not-allowed',
          `${request.method} is not possible at ${pathOf(request)}. It takes ${allow}.`,
        )
      }
      app.route({
        // The routes of a plugin begin behind its prefix. Each of them is in the list, also those that differ by a slash.
        url: url.slice(app.prefix.length),
        prefixTrailingSlash: 'slash',
        method: [...ROUTED_METHODS, STAND_IN].filter((method) => !taken.has(method)),
        exposeHeadRoute: false,
        schema: { hide: true },
        config: { ...ofPath[0]?.options.config, traced: false },
        // Before the body is read: the body may be too large, or not JSON.
        preParsing: refuse,
        handler: refuse,
      })
    }
  },
  { name: 'other-methods', dependencies: ['auth', 'problems', 'sent-method'] },
)
