import fp from 'fastify-plugin'

/**
 * Helmet's headers, as a constant: they are the same for every answer, and helmet takes 71 µs to build them
 * (docs/decisions/2026-11-25-cost-of-a-job.md). A test compares them with helmet. They let pages use only what this server
 * serves, and nothing inline. `strict-transport-security` is missing: the proxy that speaks TLS sends it.
 */
export const SECURITY_HEADERS = {
  'content-security-policy':
    "default-src 'self';img-src 'self' data:;object-src 'none';base-uri 'none';form-action 'self';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
}

/** Adds the security headers to every answer. */
export const securityHeaders = fp(
  async (app) => {
    app.addHook('onRequest', (_, reply, done) => {
      reply.headers(SECURITY_HEADERS)
      done()
    })
  },
  { name: 'security-headers' },
)
