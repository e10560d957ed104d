import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isOwnCallId } from '../answer-order.ts'
import { drain } from '../testing/drain.ts'
import { describeLLMProvider, type Exchange, type LoopbackVendor, startGeminiVendor } from '../testing/index.ts'
import { valueAt } from '../value-at.ts'
import { GEMINI_MODELS } from './gemini-models.ts'
import { GeminiProvider } from './gemini-provider.ts'

describeLLMProvider('GeminiProvider', {
  model: 'gemini-pro',
  finishReasons: ['stop', 'length', 'content-filter'],
  answers: ['reasoning', 'tool-calls', 'carry', 'usage-details'],
  startVendor: startGeminiVendor,
  create: ({ url, apiKey }) => new GeminiProvider({ baseUrl: `${url}/`, apiKey: () => apiKey }),
})

describe('GeminiProvider', () => {
  let vendor: LoopbackVendor
  let provider: GeminiProvider

  beforeEach(async () => {
    vendor = await startGeminiVendor()
    provider = new GeminiProvider({ baseUrl: vendor.url, apiKey: () => 'the-key' })
  })
  afterEach(() => vendor.close())

  async function run(answer: (exchange: Exchange) => void) {
    const result = drain(provider.complete('Hi', { model: 'gemini-pro', signal: new AbortController().signal }))
    const exchange = await vendor.nextRequest()
    answer(exchange)
    return { ...(await result), exchange }
  }

  const send = (exchange: Exchange, chunk: object) => exchange.sendRaw(`data: ${JSON.stringify(chunk)}\r\n\r\n`)

  it('has the default models, gemini-pro among them', () => {
    expect(provider.models).toEqual(GEMINI_MODELS)
    expect(GEMINI_MODELS).toContain('gemini-pro')
  })

  it('sends the key in a header, not in the address', async () => {
    const { exchange } = await run((exchange) => exchange.finish())
    expect(exchange.headers['x-goog-api-key']).toBe('the-key')
    expect(exchange.path).toBe('/v1beta/models/gemini-pro:streamGenerateContent?alt=sse')
  })

  it('asks for an uncompressed answer', async () => {
    const { exchange } = await run((exchange) => exchange.finish())
    expect(exchange.headers['accept-encoding']).toBe('identity')
  })

  it('recognises a wrong key by the detail API_KEY_INVALID', async () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason: 'API_KEY_INVALID' }]
    const { error } = await run((exchange) =>
      exchange.respond(400, { error: { code: 400, message: 'API key not valid.', details } }),
    )
    expect(error).toMatchObject({ code: 'provider-auth', retryable: false, status: 400 })
  })

  it('quotes only the vendor in its message', async () => {
    const { error } = await run((exchange) => exchange.fail(404, { message: 'No such model.' }))
    expect(error).toMatchObject({ message: expect.stringMatching(/^gemini answered 404: No such model\./) })
  })

  it.each(['../files', 'a/b', 'x:generateContent?y=', '%2e%2e/files', 'x#', ''])(
    'refuses the model "%s", which could lead to another path, and sends nothing',
    async (model) => {
      const completion = provider.complete('Hello', { model, signal: new AbortController().signal })
      await expect(completion.next()).rejects.toMatchObject({ code: 'model-unavailable', retryable: false })
      expect(vendor.requests).toBe(0)
    },
  )

  it('reports a blocked prompt as provider-rejected', async () => {
    const { error } = await run((exchange) => {
      send(exchange, { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, usageMetadata: { promptTokenCount: 4 } })
      exchange.end()
    })
    expect(error).toMatchObject({ code: 'provider-rejected', retryable: false })
    expect(String(error)).toContain('blocked the prompt: PROHIBITED_CONTENT')
  })

  it.each([
    ['STOP', 'stop'],
    ['MAX_TOKENS', 'length'],
    ['SAFETY', 'content-filter'],
    ['RECITATION', 'content-filter'],
    ['BLOCKLIST', 'content-filter'],
    ['PROHIBITED_CONTENT', 'content-filter'],
    ['SPII', 'content-filter'],
    ['IMAGE_SAFETY', 'content-filter'],
  ])('keeps the text that came with the finish reason %s', async (finishReason, expected) => {
    const { fragments, summary } = await run((exchange) => {
      send(exchange, { candidates: [{ content: { parts: [{ text: 'So far' }] }, finishReason }] })
      exchange.end()
    })
    expect({ fragments, summary }).toEqual({ fragments: ['So far'], summary: { finishReason: expected } })
  })

  it.each([
    ['LANGUAGE', 'provider-rejected'],
    ['MALFORMED_FUNCTION_CALL', 'provider-malformed'],
    ['OTHER', 'provider-malformed'],
    ['constructor', 'provider-malformed'],
  ])('fails with the finish reason %s, after the text that came with it', async (finishReason, code) => {
    const { fragments, error } = await run((exchange) => {
      const content = { parts: [{ text: 'So far' }] }
      send(exchange, { candidates: [{ content, finishReason, finishMessage: 'Because.' }] })
      exchange.end()
    })
    expect(fragments).toEqual(['So far'])
    expect(error).toMatchObject({ code, message: `gemini ended its answer with the reason: ${finishReason}: Because.` })
  })

  it('reads thoughts, text and calls in their order, with their signatures, and counts thoughts as output', async () => {
    const { pieces, summary } = await run((exchange) => {
      const usageMetadata = {
        promptTokenCount: 3,
        candidatesTokenCount: 4,
        thoughtsTokenCount: 5,
        cachedContentTokenCount: 2,
      }
      send(exchange, { candidates: [{ content: { parts: [{ text: 'Hmm', thought: true }] } }] })
      const parts = [
        { text: ' so', thought: true, thoughtSignature: 's1' },
        { text: 'So' },
        { functionCall: {} },
        { text: ' be it', thoughtSignature: 's2' },
        { functionCall: { id: 'c1', name: 'add', args: { a: 1 } }, thoughtSignature: 's3' },
        { functionCall: { id: 'c2', name: 'now' } },
        { text: '', thoughtSignature: 's4' },
        { executableCode: {} },
      ]
      send(exchange, { candidates: [{ content: { parts }, finishReason: 'STOP' }], usageMetadata })
      exchange.end()
    })
    expect(pieces).toEqual([
      { type: 'reasoning', text: 'Hmm' },
      { type: 'reasoning', text: ' so', carry: 's1' },
      'So',
      { type: 'text', text: ' be it', carry: 's2' },
      { type: 'tool-call', callId: 'c1', name: 'add' },
      { type: 'tool-arguments', text: '{"a":1}' },
      { type: 'tool-call-end', carry: 's3' },
      { type: 'tool-call', callId: 'c2', name: 'now' },
      { type: 'tool-arguments', text: '{}' },
      { type: 'tool-call-end' },
      { type: 'text', text: '', carry: 's4' },
    ])
    const usage = { inputTokens: 3, outputTokens: 9, cachedInputTokens: 2, reasoningTokens: 5 }
    expect(summary).toEqual({ finishReason: 'tool-calls', usage })
  })

  it('gives ids to calls that have none', async () => {
    const { pieces } = await run((exchange) => {
      const parts = [{ functionCall: { name: 'now', args: {} } }, { functionCall: { name: 'now', args: {} } }]
      send(exchange, { candidates: [{ content: { parts }, finishReason: 'STOP' }] })
      exchange.end()
    })
    const ids = pieces.flatMap((piece) =>
      typeof piece !== 'string' && piece.type === 'tool-call' ? [piece.callId] : [],
    )
    expect(ids.map(isOwnCallId)).toEqual([true, true])
    expect(ids[0]).not.toBe(ids[1])
  })

  it('asks again without thoughts if the model does not think, and says so once', async () => {
    const onNotice = vi.fn()
    provider = new GeminiProvider({ baseUrl: vendor.url, apiKey: () => 'the-key', onNotice })
    const bodies: unknown[] = []
    vendor.respondWith((exchange) => {
      if (bodies.push(exchange.body) === 1) exchange.fail(400, { message: 'Thinking is not enabled for this model.' })
      else exchange.finish()
    })
    for (let count = 0; count < 2; count += 1) {
      const completion = provider.complete('Hi', { model: 'gemini-pro', signal: new AbortController().signal })
      expect((await drain(completion)).error).toBeUndefined()
    }
    const asked = bodies.map((body) => valueAt(body, 'generationConfig', 'thinkingConfig'))
    expect(asked).toEqual([{ includeThoughts: true }, undefined, undefined])
    expect(onNotice).toHaveBeenCalledTimes(1)
  })

  it('fails if the model does not think, and the caller asked for it', async () => {
    const options = {
      model: 'gemini-pro',
      reasoning: { effort: 'high' },
      signal: new AbortController().signal,
    } as const
    const result = drain(provider.complete('Hi', options))
    const exchange = await vendor.nextRequest()
    exchange.fail(400, { message: 'Thinking is not enabled.', retryAfterSeconds: 1 })
    expect((await result).error).toMatchObject({
      code: 'provider-rejected',
      sentence: 'gemini: Thinking is not enabled.',
    })
    expect(vendor.requests).toBe(1)
  })

  it.each<[string, number, unknown, string]>([
    [
      'another country',
      400,
      { error: { message: 'User location is not supported for the API use.' } },
      'provider-auth',
    ],
    [
      'a bill that is not paid',
      403,
      { error: { message: 'No.', details: [{ reason: 'BILLING_DISABLED' }] } },
      'provider-quota-exceeded',
    ],
    ['another server', 404, 'page not found', 'provider-unavailable'],
  ])('tells apart %s', async (_, status, body, code) => {
    const { error } = await run((exchange) => exchange.respond(status, body))
    expect(error).toMatchObject({ code, retryable: false, status })
  })

  it('reports a bare JSON error in place of a stream as a failure', async () => {
    const { error } = await run((exchange) => {
      exchange.sendToken('Half')
      exchange.sendRaw('{"error":{"code":503,"message":"overloaded"}}')
      exchange.end()
    })
    expect(error).toMatchObject({ code: 'provider-malformed', retryable: true })
  })

  it('reads a failure inside the stream with its wait and its sentence', async () => {
    const details = [{ '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '2s' }]
    const late = await run((exchange) => {
      send(exchange, { error: { code: 429, message: 'Slow down.', details } })
    })
    expect(late.error).toMatchObject({ code: 'provider-rate-limited', retryAfterMs: 2000 })
    const wrong = await run((exchange) => send(exchange, { error: { code: 400, message: 'Bad schema.' } }))
    expect(wrong.error).toMatchObject({ code: 'provider-rejected', sentence: 'gemini: Bad schema.' })
  })

  it('reads chunks with missing fields', async () => {
    const { fragments, summary } = await run((exchange) => {
      for (const chunk of [{}, { candidates: null }, { candidates: [] }, { candidates: [{}] }]) send(exchange, chunk)
      send(exchange, { candidates: [{ content: {} }], usageMetadata: {} })
      exchange.sendToken('a')
      exchange.finish()
    })
    expect({ fragments, summary }).toEqual({ fragments: ['a'], summary: { finishReason: 'stop' } })
  })

  it('reports a chunk that is not an object as provider-malformed', async () => {
    const { error } = await run((exchange) => {
      exchange.sendRaw('data: null\r\n\r\n')
      exchange.end()
    })
    expect(error).toMatchObject({ code: 'provider-malformed', retryable: true })
  })
})
