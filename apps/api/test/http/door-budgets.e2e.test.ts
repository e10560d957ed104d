import type { Exchange } from '@promptlab/providers/testing/vendors'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { readStream } from '../support/job-client.ts'
import { jsonFile } from '../support/json-file.ts'
import { startVendorServer } from '../support/vendor-server.ts'

/** A dollar a thousand tokens of input, two dollars a thousand of output. */
const PRICES = { openai: { 'gpt-4': { input: 1_000, output: 2_000 } } }
/** Affords 48 tokens, as they are estimated. */
const LIMIT = { 'x-promptlab-max-cost-usd': '0.1' }
const MODEL = 'openai/gpt-4'
const MESSAGES = [{ role: 'user', content: 'Hello' }]
const CHAT = { path: 'chat/completions', body: { model: MODEL, messages: MESSAGES } }
const RESPONSES = { path: 'responses', body: { model: MODEL, input: 'Hello' } }
const ANTHROPIC = { path: 'messages', body: { model: MODEL, max_tokens: 1_000, messages: MESSAGES } }

async function startPriced() {
  return await startVendorServer({ PRICES_FILE: await jsonFile('prices.json', PRICES), OPENAI_MODELS: '*' })
}

function post(url: string, { path, body }: { path: string; body: object }, headers: object = LIMIT): Promise<Response> {
  return fetch(`${url}/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

const Refusal = z.looseObject({ error: z.looseObject({ message: z.string() }) })
const Answer = z.looseObject({ id: z.string(), usage: z.looseObject({}).optional() })

async function refusalOf(response: Response): Promise<string> {
  return Refusal.parse(await response.json()).error.message
}

/** A vendor that ignores the limit. */
function overrun(exchange: Exchange): void {
  for (let index = 0; index < 100; index++) exchange.sendToken('x')
}

/** A vendor that keeps to the limit and hides what it thinks. */
function think(exchange: Exchange): void {
  exchange.finish({ reason: 'length', usage: { inputTokens: 5, outputTokens: 40, reasoningTokens: 40 } })
}

const streamed = ({ path, body }: typeof CHAT | typeof RESPONSES | typeof ANTHROPIC) => ({
  path,
  body: { ...body, stream: true },
})

/** The data of the events of a stream. */
async function eventsOf(response: Response): Promise<Record<string, unknown>[]> {
  expect(response.status).toBe(200)
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'))
  return lines.map((line) => JSON.parse(line.slice('data: '.length)))
}

describe('an answer that is stopped at X-Promptlab-Max-Cost-Usd', () => {
  it('has reached its length in Chat Completions, with usage', async () => {
    const { url, vendor } = await startPriced()
    vendor.respondWith(overrun)
    const response = await post(url, CHAT)
    expect(response.status).toBe(200)
    const answer: unknown = await response.json()
    expect(answer).toMatchObject({
      choices: [{ finish_reason: 'length', message: { content: expect.stringMatching(/^x{40,60}$/) } }],
      usage: { estimated: true },
    })
    const events = await eventsOf(await post(url, streamed(CHAT)))
    expect(events.at(-1)).toMatchObject({ choices: [{ finish_reason: 'length' }] })
    expect(events.some((event) => 'error' in event)).toBe(false)
  })

  it('is kept by Chat Completions, where it can be read again', async () => {
    const { url, vendor } = await startPriced()
    vendor.respondWith(overrun)
    const response = await post(url, { ...CHAT, body: { ...CHAT.body, store: true } })
    const { id } = Answer.parse(await response.json())
    const again = await fetch(`${url}/v1/chat/completions/${id}`)
    expect(await again.json()).toMatchObject({ choices: [{ finish_reason: 'length' }] })
  })

  it('is incomplete in Responses', async () => {
    const { url, vendor } = await startPriced()
    vendor.respondWith(overrun)
    const incomplete = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' }, error: null }
    const answer = Answer.parse(await (await post(url, RESPONSES)).json())
    expect(answer).toMatchObject({ ...incomplete, output: [{ type: 'message', status: 'incomplete' }] })
    expect(answer.usage).toMatchObject({ output_tokens: expect.any(Number) })
    const events = await eventsOf(await post(url, streamed(RESPONSES)))
    expect(events.at(-1)).toMatchObject({ type: 'response.incomplete', response: incomplete })
    expect(events.map(({ type }) => type)).not.toContain('error')
    const resumed = await fetch(`${url}/v1/responses/${answer.id}`)
    expect(await resumed.json()).toEqual(answer)
  })

  it('has reached max_tokens in Messages', async () => {
    const { url, vendor } = await startPriced()
    vendor.respondWith(overrun)
    expect(await (await post(url, ANTHROPIC)).json()).toMatchObject({
      stop_reason: 'max_tokens',
      content: [{ type: 'text', text: expect.stringMatching(/^x+$/) }],
    })
    const events = await eventsOf(await post(url, streamed(ANTHROPIC)))
    expect(events.at(-1)).toEqual({ type: 'message_stop' })
    expect(events.at(-2)).toMatchObject({ type: 'message_delta', delta: { stop_reason: 'max_tokens' } })
  })

  it('is a failed job with the code for those who read it natively', async () => {
    const { url, vendor } = await startPriced()
    vendor.respondWith(overrun)
    const id = (await post(url, CHAT)).headers.get('x-promptlab-job') ?? ''
    expect((await readStream(url, id)).final?.data).toContain('budget-exceeded')
  })
})

describe('a request that gets nothing for X-Promptlab-Max-Cost-Usd', () => {
  const doors = [
    ['Chat Completions', CHAT, { error: { code: 'budget_exceeded', type: 'invalid_request_error' } }],
    ['Responses', RESPONSES, { error: { code: 'budget_exceeded', type: 'invalid_request_error' } }],
    ['Messages', ANTHROPIC, { type: 'error', error: { type: 'billing_error' } }],
  ] as const

  it.each(doors)('is an error 402 of %s that SDKs do not repeat', async (_, request, error) => {
    const { url, vendor } = await startPriced()
    vendor.respondWith(think)
    for (const each of [request, streamed(request)]) {
      const response = await post(url, each)
      expect(response.status).toBe(402)
      expect(response.headers.get('x-should-retry')).toBe('false')
      expect(await response.json()).toMatchObject(error)
    }
  })

  it.each(doors)('is refused by %s if its input is too dear, in the words of the door', async (_, request, error) => {
    const { url, vendor } = await startPriced()
    const response = await post(url, request, { 'x-promptlab-max-cost-usd': '0.001' })
    expect(response.status).toBe(402)
    const body = Refusal.parse(await response.json())
    expect(body).toMatchObject(error)
    expect(body.error.message).toContain('x-promptlab-max-cost-usd, which is $0.001')
    expect(vendor.requests).toBe(0)
  })

  it.each(doors)('is refused by %s with a header that is no amount', async (_, request) => {
    const { url } = await startPriced()
    for (const amount of ['', 'much', '-1', '1e99']) {
      const response = await post(url, request, { 'x-promptlab-max-cost-usd': amount })
      expect(response.status, amount).toBe(400)
      expect(await refusalOf(response)).toContain('x-promptlab-max-cost-usd: Must be an amount')
    }
  })

  it.each(doors)('is refused by %s for a model without a price', async (_, { path, body }) => {
    const { url } = await startPriced()
    const response = await post(url, { path, body: { ...body, model: 'openai/unpriced' } })
    expect(response.status).toBe(400)
    expect(await refusalOf(response)).toContain('No price of openai/unpriced is known')
  })
})

it('X-Promptlab-Max-Cost-Usd > belongs to the meaning of a request: another amount is another job', async () => {
  const { url, vendor } = await startPriced()
  vendor.respondWith((exchange) => {
    exchange.sendToken('Hi')
    exchange.finish()
  })
  const key = { 'idempotency-key': 'order-1' }
  expect((await post(url, CHAT, { ...LIMIT, ...key })).status).toBe(200)
  expect((await post(url, CHAT, { ...LIMIT, ...key })).headers.get('idempotency-replayed')).toBe('true')
  expect((await post(url, CHAT, { 'x-promptlab-max-cost-usd': '0.2', ...key })).status).toBe(400)
})
