import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { drain } from '../testing/drain.ts'
import { describeLLMProvider, type Exchange, type LoopbackVendor, startGeminiVendor } from '../testing/index.ts'
import { GEMINI_MODELS } from './gemini-models.ts'
import { GeminiProvider } from './gemini-provider.ts'

describeLLMProvider('GeminiProvider', {
  model: 'gemini-pro',
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
    ['LANGUAGE', 'other'],
    ['MALFORMED_FUNCTION_CALL', 'other'],
    ['constructor', 'other'],
  ])('keeps the text that came with the finish reason %s', async (finishReason, expected) => {
    const { fragments, summary } = await run((exchange) => {
      send(exchange, { candidates: [{ content: { parts: [{ text: 'So far' }] }, finishReason }] })
      exchange.end()
    })
    expect({ fragments, summary }).toEqual({ fragments: ['So far'], summary: { finishReason: expected } })
  })

  it('leaves thoughts out of the answer and counts them as output', async () => {
    const { fragments, summary } = await run((exchange) => {
      const parts = [{ text: 'Hmm', thought: true }, { text: 'So' }, { functionCall: {} }, { text: ' be it' }]
      const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 4, thoughtsTokenCount: 5, totalTokenCount: 12 }
      send(exchange, { candidates: [{ content: { parts: [{ text: 'Hmm', thought: true }] } }] })
      send(exchange, { candidates: [{ content: { parts }, finishReason: 'STOP' }], usageMetadata })
      exchange.end()
    })
    expect(fragments).toEqual(['So be it'])
    expect(summary).toEqual({ finishReason: 'stop', usage: { inputTokens: 3, outputTokens: 9 } })
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
