import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CompletionOptions, LLMProvider } from './llm-provider.ts'
import type { Message } from './message.ts'
import { PRESETS } from './presets.ts'
import { drain } from './testing/drain.ts'
import { type LoopbackVendor, startOpenAIVendor } from './testing/vendors.ts'
import type { Vendor, VendorSettings } from './vendor.ts'

const SERVICES = PRESETS.filter(({ apiKey }) => apiKey)
const LOCAL_SERVERS = PRESETS.filter(({ apiKey }) => !apiKey)

let server: LoopbackVendor
beforeEach(async () => {
  server = await startOpenAIVendor()
})
afterEach(() => server.close())

function create({ name, create: make }: Vendor, settings: Partial<VendorSettings> = {}): LLMProvider {
  return make({ name, models: [], baseUrl: server.url, apiKey: () => 'a-key-of-the-service', delayMs: 0, ...settings })
}

function presetOf(name: string, settings?: Partial<VendorSettings>): LLMProvider {
  const row = PRESETS.find((preset) => preset.name === name)
  if (!row) throw new Error(`There is no preset ${name}.`)
  return create(row, settings)
}

/** Completes a prompt, and gives the request that the server got. */
async function requestOf(
  provider: LLMProvider,
  options: Partial<CompletionOptions> = {},
  prompt: string | readonly Message[] = 'Hello',
) {
  const drained = drain(provider.complete(prompt, { model: 'm', signal: new AbortController().signal, ...options }))
  const exchange = await server.nextRequest()
  exchange.sendToken('Hi')
  exchange.finish()
  expect((await drained).error).toBeUndefined()
  return exchange
}

describe('a preset of a service', () => {
  it.each(SERVICES)('$name needs its key only, and has an address of its own', ({ name, apiKey, baseUrl, models }) => {
    expect(apiKey?.variable).toBe(`${name.toUpperCase()}_API_KEY`)
    expect(baseUrl?.variable).toBeUndefined()
    expect(new URL(baseUrl?.default ?? '').protocol).toBe('https:')
    expect(models).toEqual({ variable: `${name.toUpperCase()}_MODELS` })
  })

  it.each(SERVICES)('$name completes a prompt with its key', async (row) => {
    const { headers } = await requestOf(create(row))
    expect(headers.authorization).toBe('Bearer a-key-of-the-service')
  })

  it.each([
    ['openrouter', { max_tokens: 9, stream_options: { include_usage: true }, seed: 7, reasoning: { effort: 'low' } }],
    ['groq', { max_completion_tokens: 9, stream_options: { include_usage: true }, seed: 7, reasoning_effort: 'low' }],
    ['mistral', { max_tokens: 9, random_seed: 7, reasoning_effort: 'low' }],
    ['xai', { max_completion_tokens: 9, stream_options: { include_usage: true }, seed: 7, reasoning_effort: 'low' }],
    ['together', { max_tokens: 9, stream_options: { include_usage: true }, seed: 7, reasoning_effort: 'low' }],
  ])('%s gets parameters under the names that it knows', async (name, expected) => {
    const { body } = await requestOf(presetOf(name), { maxTokens: 9, seed: 7, reasoning: { effort: 'low' } })
    expect(body).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
      ...expected,
    })
  })

  it('lacks the options that it would ignore', () => {
    expect(presetOf('groq').capabilities?.options).not.toContain('presencePenalty')
    expect(presetOf('deepseek').capabilities?.options).not.toContain('seed')
    expect(presetOf('deepseek').capabilities).toMatchObject({ imageTypes: [], fileTypes: [] })
    expect(presetOf('deepseek').capabilities?.responseFormats).toEqual(['text', 'json'])
    expect(presetOf('openrouter').capabilities?.fileTypes).toEqual(['application/pdf'])
  })

  it('gets its reasoning back in a turn that called tools, if it wants that', async () => {
    const conversation: Message[] = [
      { role: 'user', content: [{ type: 'text', text: 'Add' }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'I should add.' },
          { type: 'tool-call', callId: 'c1', name: 'add', arguments: '{}' },
        ],
      },
      { role: 'tool', content: [{ type: 'tool-result', callId: 'c1', content: [{ type: 'text', text: '4' }] }] },
      {
        role: 'assistant',
        content: [
          { type: 'reasoning', text: 'Done.' },
          { type: 'text', text: '4' },
        ],
      },
      { role: 'user', content: [{ type: 'text', text: 'Thanks' }] },
    ]
    const { body } = await requestOf(presetOf('deepseek'), {}, conversation)
    expect(body).toMatchObject({ messages: { 1: { reasoning_content: 'I should add.' }, 3: { content: '4' } } })
    expect(JSON.stringify(body)).not.toContain('Done.')
    const other = await requestOf(presetOf('together'), {}, conversation)
    expect(JSON.stringify(other.body)).not.toContain('I should add.')
  })
})

describe('a preset of a local server', () => {
  it.each(LOCAL_SERVERS)('$name needs its address only, with or without /v1, and is sent no key', async (row) => {
    for (const baseUrl of [server.url, server.url.replace(/\/v1$/, ''), server.url.replace(/v1$/, '')]) {
      const { headers, path } = await requestOf(create(row, { baseUrl, apiKey: () => undefined }))
      expect(path).toBe('/v1/chat/completions')
      expect(headers.authorization).toBeUndefined()
    }
  })

  it.each(LOCAL_SERVERS)('$name does not fetch addresses of callers', (row) => {
    expect(create(row, { baseUrl: row.usualUrl }).capabilities?.urls).toBe(false)
  })
})
