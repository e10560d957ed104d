import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import Fastify, { type FastifyReply } from 'fastify'
import fp from 'fastify-plugin'

/** What pages of this server may do: use what it serves itself, and nothing inline. */
const POLICY = {
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

/** Tells browsers with every answer what its content may do. */
export const securityHeaders = fp(
  async (app) => {
    const headers = await helmetHeaders()
    app.addHook('onRequest', (_, reply, done) => {
      reply.headers(headers)
      done()
    })
  },
  { name: 'security-headers' },
)

/**
 * What helmet says under the policy. Asked once: it is the same for every answer, and helmet would put it together anew for each,
 * which takes longer than to find the job.
 */
async function helmetHeaders(): Promise<ReturnType<FastifyReply['raw']['getHeaders']>> {
  const app = Fastify()
  await app.register(helmet, POLICY)
  const said = Promise.withResolvers<ReturnType<FastifyReply['raw']['getHeaders']>>()
  app.get('/', async (_, { raw }) => said.resolve({ ...raw.getHeaders() }))
  await app.inject('/')
  await app.close()
  return await said.promise
}
