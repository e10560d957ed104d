import Fastify, { type onRequestHookHandler } from 'fastify'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { requestTurns } from './request-turns.ts'

/** A server that notes which requests its handlers got. */
async function aServer(before: onRequestHookHandler = (_, __, done) => done()) {
  const app = Fastify()
  onTestFinished(() => app.close())
  const begun: string[] = []
  app.addHook('onRequest', before)
  await app.register(requestTurns)
  app.get('/work/:name', async ({ url }) => void begun.push(url))
  app.get('/health', { config: { takesTurns: false } }, async ({ url }) => void begun.push(url))
  await app.ready()
  return { app, begun }
}

describe('requestTurns', () => {
  it('lets thousands of requests begin in many turns, in their order, and a check of health before them', async () => {
    const { app, begun } = await aServer()
    const urls = Array.from({ length: 2000 }, (_, index) => `/work/${index}`)
    const answers = [...urls, '/health'].map((url) => app.inject(url))
    await vi.waitFor(() => expect(begun).toContain('/health'))
    expect(begun.indexOf('/health')).toBeLessThan(100)
    await Promise.all(answers)
    expect(begun.filter((url) => url !== '/health')).toEqual(urls)
  })

  it('begins no request whose client left before its turn', async () => {
    const { app, begun } = await aServer((request, reply, done) => {
      if (request.url !== '/work/left') return done()
      reply.raw.once('close', () => done())
      request.raw.destroy()
    })
    const url = await app.listen()
    await expect(fetch(`${url}/work/left`)).rejects.toThrow()
    await fetch(`${url}/work/next`)
    expect(begun).toEqual(['/work/next'])
  })
})
