import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AnthropicProvider } from './anthropic/anthropic-provider.ts'
import { GeminiProvider } from './gemini/gemini-provider.ts'
import { OpenAIProvider } from './openai/openai-provider.ts'
import { RequestHeaders } from './request-headers.ts'
import { type LoopbackVendor, startAnthropicVendor, startGeminiVendor, startOpenAIVendor } from './testing/vendors.ts'

const KEY = 'a-key-of-the-service'
const { signal } = new AbortController()

let vendor: LoopbackVendor
afterEach(() => vendor.close())

describe('listModels of OpenAI and compatible servers', () => {
  beforeEach(async () => {
    vendor = await startOpenAIVendor()
  })
  const provider = (options = {}) => new OpenAIProvider({ baseUrl: vendor.url, apiKey: () => KEY, ...options })

  it('gives the models that answer prompts, the newest first, and the others apart', async () => {
    const body = {
      data: [
        { id: 'old', created: 1 },
        { id: 'text-embedding-3', created: 9 },
        { id: 'new', created: 3 },
        { id: 'mistral-ocr', created: 2, capabilities: { completion_chat: false } },
      ],
    }
    vendor.models = { status: 200, body }
    expect(await provider().listModels(signal)).toEqual({
      models: ['new', 'old'],
      others: ['text-embedding-3', 'mistral-ocr'],
      isWhole: false,
    })
    expect(vendor.modelRequests).toMatchObject([{ path: '/v1/models', headers: { authorization: `Bearer ${KEY}` } }])
  })

  it('reads a bare array, and leaves out what is no model', async () => {
    vendor.models = { status: 200, body: [{ id: 'a' }, { id: 7 }, 'b', null, { id: '' }, { id: 'x'.repeat(201) }] }
    expect((await provider().listModels(signal)).models).toEqual(['a'])
  })

  it('gives both spellings of a model of Ollama', async () => {
    vendor.models = { status: 200, body: { data: [{ id: 'llama3.2:latest' }, { id: 'qwen3:8b' }] } }
    const list = await provider({ habits: { wholeList: true } }).listModels(signal)
    expect(list).toEqual({ models: ['llama3.2', 'qwen3:8b'], others: ['llama3.2:latest'], isWhole: true })
  })

  it('gives what the list says that a model can do, under both spellings, and nothing of other models', async () => {
    const told = { supports_tools: true, supports_image_input: false }
    vendor.models = { status: 200, body: { data: [{ id: 'a' }, { id: 'b:latest', ...told }, { id: '', ...told }] } }
    const { capabilities } = await provider().listModels(signal)
    const read = { tools: true, images: false }
    expect(capabilities).toEqual(new Map(Object.entries({ b: read, 'b:latest': read })))
  })

  it('keeps the capabilities of no more models than it lists', async () => {
    const data = Array.from({ length: 5_001 }, (_, index) => ({ id: `m${index}`, supports_tools: true }))
    vendor.models = { status: 200, body: { data } }
    expect((await provider().listModels(signal)).capabilities?.size).toBe(5_000)
  })

  it('sends no key where none is needed, and the headers of the operator', async () => {
    vendor.models = { status: 200, body: { data: [] } }
    const headers = new RequestHeaders([{ name: 'x-team', value: () => 'a', isSecret: false }])
    await provider({ apiKey: undefined, headers }).listModels(signal)
    expect(vendor.modelRequests[0]?.headers).toMatchObject({ 'x-team': 'a' })
    expect(vendor.modelRequests[0]?.headers).not.toHaveProperty('authorization')
  })

  it.each([
    [401, { error: { message: `Wrong key ${KEY}` } }, 'provider-auth'],
    [404, 'not here', 'provider-unavailable'],
    [503, 'busy', 'provider-unavailable'],
    [200, '<h1>Welcome</h1>', 'provider-malformed'],
    [200, { models: [] }, 'provider-malformed'],
    [200, `[${'"x",'.repeat(3_000_000)}"x"]`, 'provider-malformed'],
  ])('turns a %i into an error without the key', async (status, body, code) => {
    vendor.models = { status, body }
    const error: unknown = await provider()
      .listModels(signal)
      .catch((failure: unknown) => failure)
    expect(error).toMatchObject({ name: 'ProviderError', code })
    expect(inspect(error)).not.toContain(KEY)
  })

  it('throws the reason of an abort', async () => {
    const reason = new Error('enough')
    await expect(provider().listModels(AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  it('refuses to ask without a key', async () => {
    await expect(provider({ apiKey: () => undefined }).listModels(signal)).rejects.toMatchObject({
      code: 'provider-auth',
    })
    expect(vendor.modelRequests).toEqual([])
  })
})

describe('listModels of Gemini', () => {
  beforeEach(async () => {
    vendor = await startGeminiVendor()
  })
  const provider = () => new GeminiProvider({ baseUrl: vendor.url, apiKey: () => KEY })

  it('gives the models that generate content, without the folder in their names', async () => {
    const body = {
      models: [
        { name: 'models/gemini-9', supportedGenerationMethods: ['generateContent'] },
        { name: 'models/embedding-1', supportedGenerationMethods: ['embedContent'] },
      ],
    }
    vendor.models = { status: 200, body }
    expect(await provider().listModels(signal)).toEqual({
      models: ['gemini-9'],
      others: ['embedding-1'],
      isWhole: false,
    })
    expect(vendor.modelRequests).toMatchObject([
      { path: '/v1beta/models?pageSize=1000', headers: { 'x-goog-api-key': KEY } },
    ])
  })

  it('gives which models think', async () => {
    vendor.models = { status: 200, body: { models: [{ name: 'models/a', thinking: true }, { name: 'models/b' }] } }
    expect((await provider().listModels(signal)).capabilities).toEqual(new Map([['a', { reasoning: true }]]))
  })

  it('asks for the next page, ten times at most', async () => {
    vendor.models = { status: 200, body: { models: [{ name: 'models/a' }], nextPageToken: 'next' } }
    expect((await provider().listModels(signal)).models).toEqual(['a'])
    expect(vendor.modelRequests).toHaveLength(10)
    expect(vendor.modelRequests[1]?.path).toContain('pageToken=next')
  })

  it('turns a refusal into an error with the words of Gemini', async () => {
    vendor.models = { status: 400, body: { error: { message: 'No.', details: [{ reason: 'API_KEY_INVALID' }] } } }
    await expect(provider().listModels(signal)).rejects.toMatchObject({ code: 'provider-auth', status: 400 })
  })
})

describe('listModels of Anthropic', () => {
  beforeEach(async () => {
    vendor = await startAnthropicVendor()
  })
  const provider = () => new AnthropicProvider({ baseUrl: vendor.url, apiKey: () => KEY })

  it('gives the models, the newest first', async () => {
    const data = [
      { id: 'claude-old', created_at: '2025-01-01T00:00:00Z' },
      { id: 'claude-new', created_at: '2026-01-01T00:00:00Z' },
    ]
    vendor.models = { status: 200, body: { data, has_more: false } }
    expect(await provider().listModels(signal)).toEqual({
      models: ['claude-new', 'claude-old'],
      others: [],
      isWhole: false,
    })
    expect(vendor.modelRequests).toMatchObject([
      { path: '/v1/models?limit=1000', headers: { authorization: `Bearer ${KEY}`, 'anthropic-version': '2026-10-21' } },
    ])
  })

  it('gives what the models can do', async () => {
    const capabilities = { image_input: { supported: true }, pdf_input: { supported: false } }
    vendor.models = {
      status: 200,
      body: {
        data: [
          { id: 'a', capabilities },
          { id: 'b', capabilities: null },
        ],
      },
    }
    expect((await provider().listModels(signal)).capabilities).toEqual(new Map([['a', { images: true, files: false }]]))
  })

  it('asks for the next page, and turns a refusal into an error without the key', async () => {
    vendor.models = { status: 200, body: { data: [{ id: 'a' }], has_more: true, last_id: 'a' } }
    await provider().listModels(signal)
    expect(vendor.modelRequests[1]?.path).toContain('after_id=a')
    vendor.models = { status: 401, body: { error: { type: 'authentication_error', message: `No ${KEY}` } } }
    const error: unknown = await provider()
      .listModels(signal)
      .catch((failure: unknown) => failure)
    expect(error).toMatchObject({ code: 'provider-auth' })
    expect(inspect(error)).not.toContain(KEY)
  })
})
