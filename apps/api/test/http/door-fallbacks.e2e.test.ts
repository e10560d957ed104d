import { type Exchange, startAnthropicVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { startVendorServer } from '../support/vendor-server.ts'

const CLAUDE = 'anthropic/claude-sonnet-5'
const FALLBACK = { 'x-promptlab-fallbacks': CLAUDE }
const MESSAGES = [{ role: 'user', content: 'Hello' }]

const Message = z.looseObject({ content: z.array(z.looseObject({ signature: z.string().optional() })) })

/** The first vendor refuses everything, so the fallback answers. */
async function startPassingOn() {
  const second = await startAnthropicVendor()
  onTestFinished(() => second.close())
  const server = await startVendorServer({ ANTHROPIC_API_KEY: 'key', ANTHROPIC_BASE_URL: second.url })
  server.vendor.respondWith((exchange) => exchange.fail(401))
  return { ...server, second }
}

function post(url: string, path: string, body: object, headers: Record<string, string> = FALLBACK): Promise<Response> {
  return fetch(`${url}/v1/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

function reason(exchange: Exchange): void {
  exchange.sendCarried({ type: 'reasoning', text: 'Hm', carry: 'of-anthropic' })
  exchange.sendToken('Hi')
  exchange.finish()
}

/** The data of the events of a stream. */
async function eventsOf(response: Response): Promise<Record<string, unknown>[]> {
  const lines = (await response.text()).split('\n').filter((line) => line.startsWith('data: {'))
  return lines.map((line) => JSON.parse(line.slice('data: '.length)))
}

/** What a client would send back, decoded. */
function tagOf(encoded: unknown): unknown {
  return JSON.parse(Buffer.from(String(encoded), 'base64').toString())
}

describe('X-Promptlab-Fallbacks', () => {
  it('names who answers Chat Completions, and the answer says who did', async () => {
    const { url, second } = await startPassingOn()
    second.respondWith(reason)
    const body = { model: 'openai/gpt-4', messages: MESSAGES }
    expect(await (await post(url, 'chat/completions', body)).json()).toMatchObject({
      model: CLAUDE,
      choices: [{ message: { content: 'Hi' } }],
    })
    const events = await eventsOf(await post(url, 'chat/completions', { ...body, stream: true }))
    expect(events.map(({ model }) => model)).toEqual(['openai/gpt-4', ...events.slice(1).map(() => CLAUDE)])
    expect(events.length).toBeGreaterThan(3)
  })

  it('names who answers Responses, and what the vendor wants back is tagged with who did', async () => {
    const { url, second } = await startPassingOn()
    second.respondWith(reason)
    const body = { model: 'gpt-4', input: 'Hello', stream: true, include: ['reasoning.encrypted_content'] }
    const events = await eventsOf(await post(url, 'responses', body))
    expect(events.find(({ type }) => type === 'response.created')).toMatchObject({ response: { model: 'gpt-4' } })
    const done = events.find(({ type }) => type === 'response.output_item.done')
    const completed = events.find(({ type }) => type === 'response.completed')
    expect(completed).toMatchObject({ response: { model: CLAUDE } })
    const item = done?.['item']
    expect(item).toMatchObject({ type: 'reasoning' })
    expect(completed).toMatchObject({ response: { output: [item, { type: 'message' }] } })
    const { encrypted_content: content } = { encrypted_content: undefined, ...Object(item) }
    expect(tagOf(content)).toMatchObject([1, 'anthropic', expect.anything()])
  })

  it('names who answers Messages, and a signature is tagged with who did', async () => {
    const { url, second } = await startPassingOn()
    second.respondWith(reason)
    const body = { model: 'gpt-4', max_tokens: 100, messages: MESSAGES }
    const message = Message.parse(await (await post(url, 'messages', body)).json())
    expect(message).toMatchObject({ model: CLAUDE, content: [{ type: 'thinking' }, { type: 'text', text: 'Hi' }] })
    const events = await eventsOf(await post(url, 'messages', { ...body, stream: true }))
    const signed = events.find(({ delta }) => Object(delta).type === 'signature_delta')
    const signature = message.content[0]?.signature
    expect(signed).toMatchObject({ delta: { signature } })
    expect(tagOf(signature)).toMatchObject([1, 'anthropic', expect.anything()])
  })

  it('may name the model of the request, which is left out, and may be off', async () => {
    const { url, second } = await startPassingOn()
    second.respondWith(reason)
    const body = { model: 'gpt-4', messages: MESSAGES }
    const both = await post(url, 'chat/completions', body, { 'x-promptlab-fallbacks': `openai/gpt-4, ${CLAUDE}` })
    expect(await both.json()).toMatchObject({ model: CLAUDE })
    const off = await post(url, 'chat/completions', body, { 'x-promptlab-fallbacks': 'off' })
    expect(off.status).toBe(502)
    expect(second.requests).toBe(1)
  })

  it.each([
    ['nobody/m', /no model "nobody\/m"/],
    ['gemini/gemini-3.5-flash', /not configured/],
    ['anthropic/claude-sonnet-5,', /separated by commas/],
  ])('is refused as a parameter if it is %s', async (header, message) => {
    const { url, vendor } = await startPassingOn()
    const body = { model: 'gpt-4', messages: MESSAGES }
    const response = await post(url, 'chat/completions', body, { 'x-promptlab-fallbacks': header })
    expect(response.status).toBeGreaterThanOrEqual(400)
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringMatching(message), param: 'x-promptlab-fallbacks' },
    })
    expect(vendor.requests).toBe(0)
  })

  it('is refused if the fallback cannot keep a parameter', async () => {
    const { url } = await startPassingOn()
    const response = await post(url, 'chat/completions', { model: 'gpt-4', messages: MESSAGES, seed: 1 })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({
      error: { message: expect.stringMatching(/anthropic cannot keep options.seed/), param: 'x-promptlab-fallbacks' },
    })
  })
})
