import { CuttableProxy } from '@promptlab/api/testing'
import { describe, expect, it } from 'vitest'
import { AI_SDK_CHAT, AI_SDK_RESPONSES } from './ai-sdk.ts'
import { ANTHROPIC_SDK, anthropic } from './anthropic-sdk.ts'
import { DoorServer, KEY } from './door-server.ts'
import { CHAT, GEMINI, RESPONSES, type VendorModel } from './loopback-vendors.ts'
import { OPENAI_CHAT } from './openai-chat-sdk.ts'
import { OPENAI_RESPONSES, openai } from './openai-responses-sdk.ts'
import type { Sdk } from './sdk.ts'
import { say, sayPieces } from './spoken.ts'

const server = await DoorServer.startForFile()
const openServer = await DoorServer.startForFile({ hasKeys: false })

/** Breaks the connection of the first client before it has the head of its response. Gives how often the vendor was asked. */
async function callsOver(target: DoorServer, model: VendorModel, sdk: Sdk, way: 'ask' | 'stream'): Promise<number> {
  const vendor = target.vendorOf(model)
  const proxy = await CuttableProxy.start(target.url)
  const before = vendor.requests
  const isBack = Promise.withResolvers<void>()
  vendor.respondWith(async (exchange) => {
    if (vendor.requests === before + 1) {
      proxy.cut()
      proxy.restore()
      // It breaks nothing more; it only tells that the next try is there.
      proxy.cutBefore(() => {
        isBack.resolve()
        return false
      })
      await isBack.promise
    }
    say(exchange, ['Paid ', 'once.'])
  })
  const access = { url: proxy.url.replace(/\/$/, ''), apiKey: KEY }
  const question = { model: model.model, prompt: `${sdk.name}, ${way}`, maxRetries: 2 }
  expect((await sdk[way](access, question)).text).toBe('Paid once.')
  return vendor.requests - before
}

describe('a request that an SDK sends again', () => {
  for (const sdk of [OPENAI_RESPONSES, OPENAI_CHAT, ANTHROPIC_SDK]) {
    it(`joins the job of the first, by the count of retries: ${sdk.name}`, async () => {
      const calls = await Promise.all([
        callsOver(server, RESPONSES, sdk, 'ask'),
        callsOver(server, CHAT, sdk, 'stream'),
        callsOver(openServer, RESPONSES, sdk, 'ask'),
        callsOver(openServer, CHAT, sdk, 'stream'),
      ])
      expect(calls).toEqual([1, 1, 1, 1])
    })
  }

  it('joins the job of the first without a count, if the caller has a name', async () => {
    // All at once, because this SDK waits for two seconds.
    const calls = await Promise.all([
      callsOver(server, RESPONSES, AI_SDK_RESPONSES, 'ask'),
      callsOver(server, GEMINI, AI_SDK_RESPONSES, 'stream'),
      callsOver(server, CHAT, AI_SDK_CHAT, 'ask'),
      callsOver(openServer, RESPONSES, AI_SDK_CHAT, 'stream'),
    ])
    // The caller of the last one has no name, so that its request is a new one.
    expect(calls).toEqual([1, 1, 1, 2])
  })
})

describe('requests that are equal', () => {
  const asked = { model: RESPONSES.model, input: 'Again and again' }
  const client = () => openai({ url: server.url, apiKey: KEY })

  it('make a job each when they come at once', async () => {
    const vendor = server.vendorOf(RESPONSES)
    const before = vendor.requests
    vendor.respondWith((exchange) => say(exchange, ['One of ten.']))
    const responses = await Promise.all(Array.from({ length: 10 }, () => client().responses.create(asked)))
    expect(new Set(responses.map(({ id }) => id)).size).toBe(10)
    expect(vendor.requests - before).toBe(10)
  })

  it('make a new job behind a stream that the user stopped', async () => {
    const vendor = server.vendorOf(RESPONSES)
    const before = vendor.requests
    vendor.respondWith((exchange) => sayPieces(exchange, ['The first ']))
    const stop = new AbortController()
    const ids: string[] = []
    const stream = await client().responses.create({ ...asked, stream: true }, { signal: stop.signal })
    for await (const event of stream) {
      if (event.type === 'response.created') ids.push(event.response.id)
      if (event.type === 'response.output_text.delta') stop.abort()
    }
    vendor.respondWith((exchange) => say(exchange, ['The second.']))
    const { id, output_text } = await client().responses.create(asked)
    expect(output_text).toBe('The second.')
    expect(ids).not.toContain(id)
    expect(vendor.requests - before).toBe(2)
  })

  it('are one job with one Idempotency-Key, at each door', async () => {
    const vendor = server.vendorOf(RESPONSES)
    const before = vendor.requests
    vendor.respondWith((exchange) => say(exchange, ['Once.']))
    const create = () => client().responses.create(asked, { headers: { 'idempotency-key': 'key-1' } })
    const first = await create()
    expect(await create()).toEqual(first)
    const message = { model: RESPONSES.model, max_tokens: 100, messages: [{ role: 'user' as const, content: 'Hi' }] }
    const headers = { 'idempotency-key': 'key-2' }
    const send = () => anthropic({ url: server.url, apiKey: KEY }).messages.create(message, { headers })
    expect((await send()).id).toBe((await send()).id)
    expect(vendor.requests - before).toBe(2)
  })
})
