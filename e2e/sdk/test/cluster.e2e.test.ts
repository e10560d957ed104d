import { Cluster, CuttableProxy, describeWithRedisProcess, withPostgres } from '@promptlab/api/testing'
import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { KEY } from './door-server.ts'
import { HOSTILE_PIECES, HOSTILE_TEXT } from './hostile-text.ts'
import { openai } from './openai-responses-sdk.ts'
import { ResponseReader } from './response-events.ts'
import { sayPieces, USAGE } from './spoken.ts'

const MODEL = 'openai/gpt-loop'

// A cluster needs a Redis as well as the database.
describeWithRedisProcess('SDKs at several processes', async () => {
  await withPostgres((newDatabase) => {
    it('join a job and resume a response at another process than the one that took the request', async () => {
      const cluster = await Cluster.prepare(await newDatabase(), {
        API_KEYS: `ann:${KEY}`,
        STREAM_LINK_SECRET: 'a secret of thirty-two characters',
        OPENAI_MODELS: 'gpt-loop',
        MODEL_REFRESH_MINUTES: '0',
        DRAIN_MS: '0',
      })
      const [first, second] = await Promise.all([cluster.start('api'), cluster.start('api'), cluster.start('worker')])
      await expectToJoin(cluster, first.url, second.url)
      await expectToResume(cluster, first.url, second.url)
      expect(cluster.vendor.requests).toBe(2)
    })
  })
})

/** The first try reaches one process, whose connection breaks before the head of the response. The next try reaches another. */
async function expectToJoin({ vendor }: Cluster, firstUrl: string, secondUrl: string): Promise<void> {
  const proxy = await CuttableProxy.start(firstUrl)
  vendor.respondWith((exchange) => {
    proxy.cut()
    sayPieces(exchange, HOSTILE_PIECES)
    exchange.finish({ usage: USAGE })
  })
  let tries = 0
  const client = new OpenAI({
    baseURL: `${proxy.url}v1`,
    apiKey: KEY,
    maxRetries: 2,
    // As a load balancer does.
    fetch: (url, init) => {
      tries += 1
      const path = new URL(String(url instanceof Request ? url.url : url)).pathname
      return fetch(new URL(path, tries === 1 ? proxy.url : secondUrl), init)
    },
  })
  expect((await client.responses.create({ model: MODEL, input: 'Hello' })).output_text).toBe(HOSTILE_TEXT)
  expect(tries).toBe(2)
}

/** Each stream is read at the process where the one before was not. */
async function expectToResume({ vendor }: Cluster, ...urls: readonly string[]): Promise<void> {
  const goOn = Promise.withResolvers<void>()
  const half = HOSTILE_PIECES.length / 2
  vendor.respondWith(async (exchange) => {
    sayPieces(exchange, HOSTILE_PIECES.slice(0, half))
    await goOn.promise
    sayPieces(exchange, HOSTILE_PIECES.slice(half))
    exchange.finish({ usage: USAGE })
  })
  const clients = urls.map((url) => openai({ url, apiKey: KEY }))
  const [client = openai({ url: '', apiKey: '' })] = clients
  const reader = new ResponseReader()
  const asked = { model: MODEL, input: 'Hello again', background: true, stream: true as const }
  await reader.read(await client.responses.create(asked), 5)
  goOn.resolve()
  for (let turn = 1; !reader.isAtEnd; turn++) await reader.readOn(clients[turn % clients.length] ?? client, 3)
  expect(reader.text).toBe(HOSTILE_TEXT)
  for (const each of clients) {
    const replay = new ResponseReader(reader.id)
    await replay.readOn(each)
    expect(replay.events).toEqual(reader.events)
  }
}
