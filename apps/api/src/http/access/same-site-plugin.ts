import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { ApiError } from '../../base/api-error.ts'
import { clip } from '../clip.ts'
import { nameOf, type TrustedHosts } from './trusted-hosts.ts'

interface SameSiteOptions {
  hosts: TrustedHosts
  /** The origins whose pages may call. `*` stands for all. */
  corsOrigins: readonly string[]
}

const READING = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Protects a server without keys from the web pages that a person on this machine visits. The server answers only to names that
 * no web site can have, and changes nothing for a page of another site unless `CORS_ORIGINS` has the origin of the page.
 */
export const sameSitePlugin = fp<SameSiteOptions>(
  async (app, { hosts, corsOrigins }) => {
    const allowed = new Set(corsOrigins)
    app.addHook('onRequest', (request, _, done) => {
      const { host } = request.headers
      if (!hosts.trusts(host)) return done(untrusted(host))
      const isSafe = READING.has(request.method) || allowed.has('*') || isSameSite(request, allowed)
      done(isSafe ? undefined : crossSite(request))
    })
  },
  { name: 'same-site' },
)

function isSameSite({ headers }: FastifyRequest, allowed: ReadonlySet<string>): boolean {
  const { origin } = headers
  if (origin === undefined) return headers['sec-fetch-site'] !== 'cross-site'
  if (allowed.has(origin)) return true
  // Two ports of one host are the same site, so another program of this machine may call.
  return URL.canParse(origin) && new URL(origin).hostname === nameOf((headers.host ?? '').toLowerCase())
}

function untrusted(host: string | undefined): ApiError {
  return new ApiError(
    'untrusted-host',
    `This server has no API keys and does not answer as "${clip(host ?? '')}". Call it as localhost, or set ALLOWED_HOSTS to this name.`,
  )
}

function crossSite({ headers: { origin } }: FastifyRequest): ApiError {
  const page = origin === undefined || origin === 'null' ? 'a page of another site' : clip(origin)
  return new ApiError(
    'cross-site-request',
    `This server has no API keys and changes nothing for ${page}. Add the origin of the page to CORS_ORIGINS if it may.`,
  )
}
