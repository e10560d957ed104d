import type { FastifyHelmetOptions } from '@fastify/helmet'

/** What pages of this server may do: use what it serves itself, and nothing inline. */
export const SECURITY_HEADERS = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  // For whoever speaks TLS to say, in front of this server.
  strictTransportSecurity: false,
  referrerPolicy: { policy: 'no-referrer' },
} satisfies FastifyHelmetOptions
