import {
  type CompletionOptions,
  type CompletionPiece,
  type LLMProvider,
  type Message,
  ProviderError,
} from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { messageEvents, streamedContent } from '../support/streamed-message.ts'
import { startServer } from '../support/test-server.ts'

const ASKED = { model: 'script-1', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] }

function post(url: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', ...headers },
    body: JSON.stringify(body),
  })
}

const Answer = z.looseObject({ id: z.string(), content: z.array(z.record(z.string(), z.json())) })
const Refusal = z.strictObject({
  type: z.literal('error'),
  error: z.strictObject({ type: z.string(), message: z.string() }),
  request_id: z.string(),
})

async function refusalOf(response: Response) {
  const { error, request_id } = Refusal.parse(await response.json())
  expect(request_id).toBe(response.headers.get('request-id'))
  return { status: response.status, ...error }
}

/** Thinks, calls a tool, and remembers what it was asked. */
class ToolCaller implements LLMProvider {
  readonly name = 'caller'
  readonly models = ['c-1']
  readonly capabilities = {
    messages: true,
    options: ['system', 'maxTokens', 'tools'] as const,
    imageTypes: [],
    fileTypes: [],
    urls: false,
  }
  asked: string | readonly Message[] = ''

  async *complete(
    prompt: string | readonly Message[],
    { signal }: CompletionOptions,
  ): AsyncGenerator<CompletionPiece, undefined> {
    signal.throwIfAborted()
    this.asked = prompt
    yield { type: 'reasoning', text: 'Hm.' }
    yield { type: 'reasoning', text: '', carry: { sig: 's1' } }
    yield { type: 'reasoning', text: '', carry: { sig: 's2' } }
    yield 'Wait.'
    yield { type: 'tool-call', callId: 'vendor:1', name: 'look' }
    yield { type: 'tool-arguments', text: '{"at":"sky"}' }
    yield { type: 'tool-call-end', carry: 's3' }
    return undefined
  }
}

describe('POST /v1/messages', () => {
  it('answers with a message, and tells its job and its request', async () => {
    const usage = { inputTokens: 3, outputTokens: 2 }
    const { url } = await startServer({
      providers: [new ScriptedProvider(['Hel', 'lo'], { usage, finishReason: 'stop' })],
    })
    const response = await post(url, ASKED)
    expect(response.status).toBe(200)
    expect(response.headers.get('request-id')).toBe(response.headers.get('x-request-id'))
    const job = response.headers.get('x-promptlab-job') ?? ''
    expect(await response.json()).toMatchObject({
      id: `msg_${job.replaceAll('-', '')}`,
      type: 'message',
      role: 'assistant',
      model: 'script-1',
      content: [{ type: 'text', text: 'Hello', citations: null }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: 3, output_tokens: 2 },
    })
    expect(await (await fetch(`${url}/jobs/${job}`)).json()).toMatchObject({ result: 'Hello', prompt: 'Hi' })
  })

  it('streams the content of the message, and pings while the model is silent', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startServer({
      providers: [new ScriptedProvider([{ type: 'reasoning', text: 'Hm.' }, gate.promise, 'He\u2028', 'llo'])],
      config: { stream: { keepAliveMs: 20, stallMs: 30_000 } },
    })
    const response = await post(url, { ...ASKED, stream: true })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    let stream = ''
    for await (const text of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      stream += text
      if (stream.includes('event: ping\ndata: {"type":"ping"}\n\n')) gate.resolve()
    }
    expect(messageEvents(stream).at(-1)?.type).toBe('message_stop')
    expect(streamedContent(stream)).toEqual([
      { type: 'thinking', thinking: 'Hm.', signature: '' },
      { type: 'text', text: 'He\u2028llo', citations: null },
    ])
  })

  it('gives the provider back what it gave with its thoughts and calls', async () => {
    const provider = new ToolCaller()
    const { url } = await startServer({ providers: [provider] })
    const tools = [{ name: 'look', input_schema: { type: 'object' } }]
    const body = { ...ASKED, model: 'caller/c-1', tools }
    const streamed = streamedContent(await (await post(url, { ...body, stream: true })).text())
    const { content } = Answer.parse(await (await post(url, body)).json())
    expect(content.map(({ type }) => type)).toEqual(['thinking', 'thinking', 'text', 'tool_use'])
    expect(streamed.map(({ id: _, ...block }) => block)).toEqual(content.map(({ id: _, ...block }) => block))

    const id = content.at(-1)?.['id']
    const messages = [
      ...ASKED.messages,
      { role: 'assistant', content },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'Blue.', is_error: true }] },
    ]
    expect((await post(url, { ...body, system: 'Look.', messages })).status).toBe(200)
    expect(provider.asked).toEqual([
      { role: 'system', content: [{ type: 'text', text: 'Look.' }] },
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Hm.', carry: { sig: 's1' } },
          { type: 'reasoning', text: '', carry: { sig: 's2' } },
          { type: 'text', text: 'Wait.' },
          { type: 'tool-call', callId: 'vendor:1', name: 'look', arguments: '{"at":"sky"}', carry: 's3' },
        ],
      },
      {
        role: 'tool',
        content: [{ type: 'tool-result', callId: 'vendor:1', content: [{ type: 'text', text: 'Error: Blue.' }] }],
      },
    ])
  })

  it('answers with the status of a failure before the first piece, and with an error event behind it', async () => {
    const failure = new ProviderError('The model refused this.', { code: 'provider-rejected' })
    const { url } = await startServer({ providers: [new ScriptedProvider([failure])] })
    for (const stream of [true, false]) {
      expect(await refusalOf(await post(url, { ...ASKED, stream }))).toMatchObject({
        status: 400,
        type: 'invalid_request_error',
      })
    }
    const late = await startServer({ providers: [new ScriptedProvider(['Hal', failure])] })
    const response = await post(late.url, { ...ASKED, stream: true })
    expect(response.status).toBe(200)
    expect(await response.text()).toMatch(
      /\n\nevent: error\ndata: \{"type":"error","error":\{"type":"invalid_request_error".*\}\n\n$/,
    )
    const whole = await post(late.url, ASKED)
    expect(whole.status).toBe(400)
  })

  it.each<[object, number, string, RegExp]>([
    [{ ...ASKED, top_k: 5 }, 400, 'invalid_request_error', /^top_k: scripted cannot keep this option\.$/],
    [{ ...ASKED, thinking: { type: 'adaptive' } }, 400, 'invalid_request_error', /^thinking: scripted cannot/],
    [{ ...ASKED, temperature: 3 }, 400, 'invalid_request_error', /^temperature: Must be a number from 0 to 2/],
    [{ ...ASKED, max_tokens: undefined }, 400, 'invalid_request_error', /^max_tokens: Is required\.$/],
    [{ ...ASKED, mcp_servers: [{}] }, 400, 'invalid_request_error', /^mcp_servers: /],
    [{ ...ASKED, model: 'claude-none' }, 404, 'not_found_error', /claude-none/],
    [
      {
        ...ASKED,
        messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url', url: 'http://a' } }] }],
      },
      400,
      'invalid_request_error',
      /^messages\[0\]\.content\[0\]\.source\.url: /,
    ],
  ])('refuses %j', async (body, status, type, message) => {
    const { url } = await startServer({ providers: [new ScriptedProvider(['Hi'])] })
    const refusal = await refusalOf(await post(url, body))
    expect(refusal).toMatchObject({ status, type })
    expect(refusal.message).toMatch(message)
  })

  it('takes a key as Anthropic does, and refuses others in its own words', async () => {
    const key = 'a'.repeat(32)
    const { url } = await startServer({ env: { API_KEYS: `ann:${key}` }, providers: [new ScriptedProvider(['Hi'])] })
    expect((await post(url, ASKED, { 'x-api-key': key })).status).toBe(200)
    expect((await post(url, ASKED, { authorization: `Bearer ${key}` })).status).toBe(200)
    expect(await refusalOf(await post(url, ASKED, { 'x-api-key': 'wrong' }))).toMatchObject({
      status: 401,
      type: 'authentication_error',
    })
  })

  it('has nothing below it, and no other methods', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider(['Hi'])] })
    for (const path of ['/count_tokens', '/batches/b1']) {
      const response = await fetch(`${url}/v1/messages${path}`, { method: 'POST' })
      expect(await refusalOf(response)).toMatchObject({ status: 404, type: 'not_found_error' })
    }
    const response = await fetch(`${url}/v1/messages`)
    expect(response.headers.get('allow')).toBe('POST')
    expect(await refusalOf(response)).toMatchObject({ status: 405, type: 'invalid_request_error' })
  })

  it('refuses a body that is not JSON', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider(['Hi'])] })
    const response = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    })
    expect(await refusalOf(response)).toMatchObject({ status: 400, type: 'invalid_request_error' })
  })
})
