import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { drain } from '../testing/drain.ts'
import { describeLLMProvider, type Exchange, type LoopbackVendor, startOpenAIVendor } from '../testing/index.ts'
import { OPENAI_MODELS } from './openai-models.ts'
import { OpenAIProvider } from './openai-provider.ts'

describeLLMProvider('OpenAIProvider', {
  model: 'gpt-4',
  finishReasons: ['stop', 'length', 'content-filter', 'tool-calls', 'refusal'],
  answers: ['reasoning', 'refusal', 'tool-calls', 'tool-call-stretches', 'ping', 'usage-details'],
  startVendor: startOpenAIVendor,
  create: ({ url, apiKey }) => new OpenAIProvider({ baseUrl: url, apiKey: () => apiKey }),
})

describe('OpenAIProvider', () => {
  let vendor: LoopbackVendor
  let apiKey: string
  let provider: OpenAIProvider

  beforeEach(async () => {
    vendor = await startOpenAIVendor()
    apiKey = 'first-key'
    provider = new OpenAIProvider({ baseUrl: vendor.url, apiKey: () => apiKey })
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await vendor.close()
  })

  async function run(answer: (exchange: Exchange) => void) {
    const result = drain(provider.complete('Hi', { model: 'gpt-4', signal: new AbortController().signal }))
    const exchange = await vendor.nextRequest()
    answer(exchange)
    return { ...(await result), exchange }
  }

  it('has the default models, gpt-4 among them', () => {
    expect(provider.models).toEqual(OPENAI_MODELS)
    expect(OPENAI_MODELS).toEqual(expect.arrayContaining(['gpt-4', 'gpt-3.5-turbo', 'gpt-4-turbo-preview']))
  })

  it('looks up the key at each call', async () => {
    const first = await run((exchange) => exchange.finish())
    apiKey = 'second-key'
    const second = await run((exchange) => exchange.finish())
    expect(first.exchange.headers.authorization).toBe('Bearer first-key')
    expect(second.exchange.headers.authorization).toBe('Bearer second-key')
  })

  it('reads nothing from the environment', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'wrong')
    vi.stubEnv('OPENAI_ADMIN_KEY', 'wrong')
    vi.stubEnv('OPENAI_BASE_URL', 'http://127.0.0.1:9/wrong')
    vi.stubEnv('OPENAI_ORG_ID', 'wrong')
    vi.stubEnv('OPENAI_PROJECT_ID', 'wrong')
    vi.stubEnv('OPENAI_CUSTOM_HEADERS', 'x-custom: wrong')
    vi.stubEnv('OPENAI_LOG', 'debug')
    const { exchange, error } = await run((exchange) => exchange.finish())
    expect(error).toBeUndefined()
    expect(JSON.stringify(exchange.headers)).not.toContain('wrong')
  })

  it('asks for a stream with usage', async () => {
    const { exchange } = await run((exchange) => exchange.finish())
    expect(exchange.body).toEqual({
      model: 'gpt-4',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
    })
  })

  const reason = 'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n'

  it('takes a finish reason as the end if [DONE] is missing', async () => {
    const { fragments, summary } = await run((exchange) => {
      exchange.sendRaw(reason)
      exchange.end()
    })
    expect({ fragments, summary }).toEqual({ fragments: ['a'], summary: { finishReason: 'stop' } })
  })

  it('takes [DONE] after some text as the end if the finish reason is missing', async () => {
    const answered = await run((exchange) => {
      exchange.sendToken('a')
      exchange.sendRaw('data: [DONE]\n\n')
    })
    expect(answered).toMatchObject({ fragments: ['a'], summary: {} })
    expect(answered.error).toBeUndefined()
    const empty = await run((exchange) => exchange.sendRaw('data: [DONE]\n\n'))
    expect(empty).toMatchObject({ fragments: [], error: { code: 'provider-malformed', retryable: true } })
  })

  it('completes at [DONE], although more events follow and the connection stays open', async () => {
    const { fragments, summary } = await run((exchange) => {
      exchange.sendRaw(`${reason}data: [DONE]\n\ndata: {"choices":[{"delta":{"content":"b"}}]}\n\n`)
    })
    expect({ fragments, summary }).toEqual({ fragments: ['a'], summary: { finishReason: 'stop' } })
  })

  it('reads a whole answer from a server that cannot stream', async () => {
    const { fragments, summary } = await run((exchange) =>
      exchange.respond(200, {
        choices: [{ message: { role: 'assistant', content: 'All at once' }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 3 },
      }),
    )
    expect(fragments).toEqual(['All at once'])
    expect(summary).toEqual({ finishReason: 'stop', usage: { inputTokens: 1, outputTokens: 3 } })
  })

  it.each([
    [{ error: { message: 'No.', code: 'invalid_api_key' } }, 'provider-auth'],
    [{ choices: [] }, 'provider-malformed'],
  ])('refuses %j as a whole answer', async (body, code) => {
    const { error, fragments } = await run((exchange) => exchange.respond(200, body))
    expect(fragments).toEqual([])
    expect(error).toMatchObject({ code })
  })

  it('reports an answer without a body, and a redirect that it does not follow', async () => {
    const empty = await run((exchange) => exchange.respond(204, ''))
    expect(empty.error).toMatchObject({ code: 'provider-malformed' })
    const moved = await run((exchange) => exchange.respond(307, '', { location: 'http://127.0.0.1:9/' }))
    expect(moved.error).toMatchObject({ code: 'provider-malformed', status: 307 })
    expect(moved.exchange.headers.authorization).toBe('Bearer first-key')
  })

  it('reads a failure from an event named error', async () => {
    const { error } = await run((exchange) =>
      exchange.sendRaw('event: error\ndata: {"message":"Too many.","code":429}\n\n'),
    )
    expect(error).toMatchObject({ code: 'provider-rate-limited', message: expect.stringContaining('Too many.') })
  })

  it('throws the reason of an abort after the finish reason', async () => {
    const abort = new AbortController()
    const completion = provider.complete('Hi', { model: 'gpt-4', signal: abort.signal })
    const first = completion.next()
    const exchange = await vendor.nextRequest()
    exchange.sendRaw('data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\n\n')
    expect((await first).value).toBe('a')
    const next = completion.next()
    abort.abort('enough')
    await expect(next).rejects.toBe('enough')
    await exchange.closed
  })

  it('reads chunks with missing fields', async () => {
    const odd = ['null', '{}', '{"choices":null}', '{"choices":[]}', '{"choices":[{}]}', '{"choices":[{"delta":null}]}']
    odd.push('{"choices":[{"delta":{"content":null}}]}', '{"choices":[{"delta":{"content":7}}]}', '{"usage":{}}')
    const { fragments, summary } = await run((exchange) => {
      for (const data of odd) exchange.sendRaw(`: comment\n\ndata: ${data}\n\n`)
      exchange.sendToken('a')
      exchange.finish()
    })
    expect({ fragments, summary }).toEqual({ fragments: ['a'], summary: { finishReason: 'stop' } })
  })

  it('reports an empty account as not retryable', async () => {
    const { error } = await run((exchange) =>
      exchange.respond(429, { error: { message: 'You exceeded your quota.', code: 'insufficient_quota' } }),
    )
    expect(error).toMatchObject({ code: 'provider-quota-exceeded', retryable: false, status: 429 })
  })

  it.each([
    [{ code: 400 }, 'provider-rejected'],
    [{ code: '503' }, 'provider-unavailable'],
    [{ code: 'rate_limit_exceeded' }, 'provider-rate-limited'],
    [{ code: 'invalid_api_key' }, 'provider-auth'],
    [{ type: 'invalid_request_error' }, 'provider-rejected'],
    [{ type: 'server_error' }, 'provider-unavailable'],
    ['just words', 'provider-unavailable'],
  ])('reads the failure %j inside a stream', async (failure, code) => {
    const { error } = await run((exchange) => exchange.sendRaw(`data: ${JSON.stringify({ error: failure })}\n\n`))
    expect(error).toMatchObject({ code })
  })
})
