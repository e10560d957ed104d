import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { drain } from '../testing/drain.ts'
import { describeLLMProvider, type Exchange, type LoopbackVendor, startAnthropicVendor } from '../testing/index.ts'
import { ANTHROPIC_MODELS } from './anthropic-models.ts'
import { AnthropicProvider } from './anthropic-provider.ts'

describeLLMProvider('AnthropicProvider', {
  model: 'claude-opus-5-5',
  defaultMaxTokens: 128_000,
  finishReasons: ['stop', 'length', 'tool-calls', 'refusal'],
  answers: ['reasoning', 'tool-calls', 'tool-call-stretches', 'ping', 'usage-details'],
  startVendor: startAnthropicVendor,
  create: ({ url, apiKey }) => new AnthropicProvider({ baseUrl: url, apiKey: () => apiKey }),
})

describe('AnthropicProvider', () => {
  let vendor: LoopbackVendor
  let apiKey: string
  let provider: AnthropicProvider

  beforeEach(async () => {
    vendor = await startAnthropicVendor()
    apiKey = 'first-key'
    provider = new AnthropicProvider({ baseUrl: `${vendor.url}/`, apiKey: () => apiKey })
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await vendor.close()
  })

  async function run(answer: (exchange: Exchange) => void) {
    const result = drain(provider.complete('Hi', { model: 'claude-opus-5-5', signal: new AbortController().signal }))
    const exchange = await vendor.nextRequest()
    answer(exchange)
    return { ...(await result), exchange }
  }

  it('has the default models, and takes another name', () => {
    expect(new AnthropicProvider({ apiKey: () => 'any' })).toMatchObject({
      name: 'anthropic',
      models: ANTHROPIC_MODELS,
    })
    expect(new AnthropicProvider({ apiKey: () => 'any', name: 'claude', models: ['m'] })).toMatchObject({
      name: 'claude',
      models: ['m'],
    })
  })

  it('takes addresses if its server is on the internet', () => {
    expect(new AnthropicProvider({ apiKey: () => 'any' }).capabilities.urls).toBe(true)
    expect(provider.capabilities.urls).toBe(false)
  })

  it('looks up the key at each call, and names the version of the API', async () => {
    const first = await run((exchange) => exchange.finish())
    apiKey = 'second-key'
    const second = await run((exchange) => exchange.finish())
    const keys = [first, second].map(({ exchange }) => exchange.headers.authorization)
    expect(keys).toEqual(['Bearer first-key', 'Bearer second-key'])
    expect(first.exchange.headers['anthropic-version']).toMatch(/^\d{4}-\d\d-\d\d$/)
    expect(first.exchange.path).toBe('/v1/messages')
  })

  it('reads nothing from the environment', async () => {
    vi.stubEnv('ANTHROPIC_API_KEY', 'wrong')
    vi.stubEnv('ANTHROPIC_AUTH_TOKEN', 'wrong')
    vi.stubEnv('ANTHROPIC_BASE_URL', 'http://127.0.0.1:9/wrong')
    vi.stubEnv('ANTHROPIC_CUSTOM_HEADERS', 'x-custom: wrong')
    vi.stubEnv('ANTHROPIC_PROFILE', 'wrong')
    vi.stubEnv('ANTHROPIC_LOG', 'debug')
    vi.stubEnv('ANTHROPIC_WEBHOOK_SIGNING_KEY', 'wrong')
    const { exchange, error } = await run((exchange) => exchange.finish())
    expect(error).toBeUndefined()
    expect(JSON.stringify(exchange.headers)).not.toContain('wrong')
  })

  it('reports an answer without a body, and a redirect that it does not follow', async () => {
    const empty = await run((exchange) => exchange.respond(204, ''))
    expect(empty.error).toMatchObject({ code: 'provider-malformed' })
    const moved = await run((exchange) => exchange.respond(307, '', { location: 'http://127.0.0.1:9/' }))
    expect(moved.error).toMatchObject({ code: 'provider-malformed', status: 307 })
  })

  it('sends back the thinking of an answer with its signature', async () => {
    const first = await run((exchange) => {
      exchange.sendCarried({ type: 'reasoning', text: 'Hm.', carry: 'SIGNATURE' })
      exchange.sendToken('Well.')
      exchange.finish()
    })
    const carry = { type: 'thinking', signature: 'SIGNATURE' }
    expect(first.pieces).toEqual([{ type: 'reasoning', text: 'Hm.' }, { type: 'reasoning', text: '', carry }, 'Well.'])
  })
})
