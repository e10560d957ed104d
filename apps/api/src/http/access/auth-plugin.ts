import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { z } from 'zod'
import { ApiError } from '../../base/api-error.ts'
import { type ApiKey, callerOf } from './api-keys.ts'
import type { RefusedKeys } from './refused-keys.ts'
import type { StreamLinks } from './stream-links.ts'

type Access = 'open' | 'key-or-stream-link' | 'key-or-metrics-key' | 'metrics'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route on a server with keys: by default, callers with an API key. */
    readonly access?: Access
    /** Whether the key may also come in the header `x-api-key`. */
    readonly takesApiKeyHeader?: boolean
  }
  interface FastifyRequest {
    /** The caller whose key was sent; undefined when keys are switched off, on open routes, and with a stream link. */
    caller: string | undefined
    /** Whether the metrics key was sent, on a route that accepts it beside the keys of callers. */
    hasMetricsKey: boolean
  }
}

interface AuthOptions {
  /** Undefined when keys are switched off; then everybody may do everything. */
  keys: readonly ApiKey[] | undefined
  /** The key for metrics, which opens nothing else. Undefined when nobody may read the metrics. */
  metricsKey: ApiKey | undefined
  streamLinks: StreamLinks | undefined
  refusedKeys: RefusedKeys
}

const JobParams = z.object({ id: z.string() })

/** Requires an API key on every route unless the route sets `access`. Stream routes also accept a signed link. */
export const authPlugin = fp<AuthOptions>(
  async (app, { keys, metricsKey, streamLinks, refusedKeys }) => {
    app.decorateRequest('caller', undefined)
    app.decorateRequest('hasMetricsKey', false)
    if (!keys) return
    const callerKeys = keys

    const metricsKeys = metricsKey ? [metricsKey] : []
    /** Notes who sent a key. Returns whether the route accepts it. */
    function admit(request: FastifyRequest, key: string): boolean {
      const { access } = request.routeOptions.config
      request.caller = callerOf(key, access === 'metrics' ? metricsKeys : callerKeys)
      if (request.caller === undefined && access === 'key-or-metrics-key') {
        request.hasMetricsKey = callerOf(key, metricsKeys) !== undefined
      }
      return request.caller !== undefined || request.hasMetricsKey
    }

    app.addHook('onRequest', async (request, reply) => {
      const { access } = request.routeOptions.config
      // It is no secret that a route does not exist.
      if (access === 'open' || request.is404) return
      const waitMs = refusedKeys.waitMs(request.ip)
      if (waitMs > 0) throw tooMany(waitMs)
      const key = keyOf(request)
      if (access === 'key-or-stream-link' && key === undefined && hasStreamLink(request, streamLinks)) return
      if (key !== undefined && admit(request, key)) return
      refusedKeys.add(request.ip)
      reply.header('www-authenticate', 'Bearer')
      throw new ApiError('unauthorized', explain(key, access))
    })
  },
  { name: 'auth' },
)

/** The key in the `authorization` header, or on some routes in `x-api-key`. Empty if the header has another form. */
function keyOf({ headers, routeOptions }: FastifyRequest): string | undefined {
  const apiKey = routeOptions.config.takesApiKeyHeader ? headers['x-api-key'] : undefined
  if (headers.authorization === undefined) return Array.isArray(apiKey) ? '' : apiKey
  return /^bearer +(\S+) *$/i.exec(headers.authorization)?.[1] ?? ''
}

function tooMany(waitMs: number): ApiError {
  const retryAfterSeconds = Math.ceil(waitMs / 1000)
  const message = `This address has sent too many wrong API keys. Try again in ${retryAfterSeconds} s.`
  return new ApiError('rate-limited', message, { retryAfterSeconds })
}

function hasStreamLink({ params, query }: FastifyRequest, links: StreamLinks | undefined): boolean {
  const job = JobParams.safeParse(params)
  return links !== undefined && job.success && links.isValid(job.data.id, query)
}

function explain(key: string | undefined, access: Access | undefined): string {
  if (access === 'metrics') return "Metrics need a key of their own, METRICS_KEY. Send 'authorization: Bearer KEY'."
  if (key !== undefined) return "The API key is not valid. Send 'authorization: Bearer KEY' with a key of this server."
  const sendKey = "Send the header 'authorization: Bearer KEY'"
  if (access === undefined) return `This server needs an API key. ${sendKey}.`
  return `This server needs an API key, or a stream link that has not expired. ${sendKey}, or read the job again for its links.`
}
