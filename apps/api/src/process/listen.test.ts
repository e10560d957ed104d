import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { Agent, get, type IncomingMessage } from 'node:http'
import { text } from 'node:stream/consumers'
import Fastify from 'fastify'
import { describe, expect, it, onTestFinished } from 'vitest'
import { shutdownPlugin } from '../http/plugins/shutdown-plugin.ts'
import { listen } from './listen.ts'

const LISTENING = '0A'

/** How many sockets listen on a port of IPv4. */
async function listenersOf(port: number): Promise<number> {
  const hexadecimal = port.toString(16).toUpperCase().padStart(4, '0')
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').map((line) => line.trim().split(/\s+/))
  return lines.filter(([, local, , state]) => local?.endsWith(`:${hexadecimal}`) && state === LISTENING).length
}

/** An app with a route `/slow`, which answers when `answer` is called. */
async function startApp() {
  const app = Fastify()
  const { promise: mayAnswer, resolve: answer } = Promise.withResolvers<void>()
  let asked = 0
  app.register(shutdownPlugin, {
    drain: () => mayAnswer,
    interrupt: () => {},
    streams: { drained: async () => {}, stopAll: () => {}, stopWaiting: () => {} },
    othersRunJobs: false,
    drainMs: 10_000,
  })
  app.get('/fast', async () => 'now')
  app.get('/slow', async () => {
    asked += 1
    await mayAnswer
    return 'at last'
  })
  onTestFinished(async () => {
    answer()
    await app.close()
  })
  const url = await listen(app, { host: '127.0.0.1', port: 0, backlog: 100 })
  return { app, url, port: Number(new URL(url).port), answer, asked: () => asked }
}

async function textAt(url: string, agent: Agent): Promise<string> {
  const [answer]: IncomingMessage[] = await once(get(url, { agent }), 'response')
  return answer ? await text(answer) : ''
}

describe.runIf(process.platform === 'linux')('listen', () => {
  it('shares the port among many sockets, which serve all connections', async () => {
    const { url, port } = await startApp()
    await expect.poll(() => listenersOf(port)).toBe(64)
    const agent = new Agent({ keepAlive: false })
    const answers = await Promise.all(Array.from({ length: 200 }, () => textAt(`${url}/fast`, agent)))
    expect(new Set(answers)).toEqual(new Set(['now']))
  })

  it('refuses a port that another server has, also if that shares it', async () => {
    const { port } = await startApp()
    await expect.poll(() => listenersOf(port)).toBe(64)
    const second = listen(Fastify(), { host: '127.0.0.1', port, backlog: 100 })
    await expect(second).rejects.toMatchObject({ code: 'EADDRINUSE' })
    expect(await listenersOf(port)).toBe(64)
  })

  it('opens no more when it stops while they are opened', async () => {
    const { app, port, answer } = await startApp()
    await expect.poll(() => listenersOf(port)).toBeGreaterThan(1)
    answer()
    await app.close()
    expect(await listenersOf(port)).toBe(0)
  })

  it('stops listening with all of them at once, and ends the answers that are under way', async () => {
    const { app, url, port, answer, asked } = await startApp()
    await expect.poll(() => listenersOf(port)).toBe(64)
    const agent = new Agent({ keepAlive: true })
    const answers = Promise.all(Array.from({ length: 100 }, () => textAt(`${url}/slow`, agent)))
    await expect.poll(asked).toBe(100)
    const closing = app.close()
    await expect.poll(() => listenersOf(port)).toBe(0)
    answer()
    expect(new Set(await answers)).toEqual(new Set(['at last']))
    await closing
  })
})
