import helmet from '@fastify/helmet'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { SECURITY_HEADERS, securityHeaders } from './security-headers.ts'

describe('securityHeaders', () => {
  it('are the headers that helmet sends under the same policy', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    await app.register(helmet, {
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
      strictTransportSecurity: false,
      referrerPolicy: { policy: 'no-referrer' },
    })
    const said: object[] = []
    app.get('/', async (_, { raw }) => said.push({ ...raw.getHeaders() }))
    await app.inject('/')
    expect(said).toEqual([SECURITY_HEADERS])
  })

  it('are sent with every answer', async () => {
    const app = Fastify()
    onTestFinished(() => app.close())
    await app.register(securityHeaders)
    for (const url of ['/', '/unknown']) expect((await app.inject(url)).headers).toMatchObject(SECURITY_HEADERS)
  })
})
