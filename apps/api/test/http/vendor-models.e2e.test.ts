import { Job, ProviderInfo } from '@promptlab/contract'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { startServer } from '../support/test-server.ts'

async function startOllama() {
  const vendor = await startOpenAIVendor()
  onTestFinished(() => vendor.close())
  vendor.models = { status: 200, body: { data: [{ id: 'llama3.2:latest' }] } }
  vendor.respondWith((exchange) => {
    exchange.sendToken('Hi')
    exchange.finish()
  })
  return vendor
}

const post = (url: string, model: string, provider = 'ollama') =>
  fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=20' },
    body: JSON.stringify({ prompt: 'Hello', provider, model }),
  })

async function providersOf(url: string) {
  return z.array(ProviderInfo).parse(await (await fetch(`${url}/providers`)).json())
}

/** Asks for the providers until the vendor has told its models: it is asked in the background. */
async function untilTold(url: string) {
  for (;;) {
    const info = (await providersOf(url)).find(({ name }) => name === 'ollama')
    if (info?.modelList.source === 'vendor') return info
  }
}

it('a local server needs nothing but its address: its models are listed, and jobs run', async () => {
  const vendor = await startOllama()
  const env = { OLLAMA_BASE_URL: vendor.url.replace('/v1', ''), MODEL_REFRESH_MINUTES: '10' }
  const { url } = await startServer({ env })
  expect(await untilTold(url)).toMatchObject({
    models: ['llama3.2'],
    modelList: { source: 'vendor', anyName: false },
    configured: true,
    missing: [],
  })
  for (const model of ['llama3.2', 'llama3.2:latest']) {
    expect(Job.parse(await (await post(url, model)).json())).toMatchObject({ status: 'completed', result: 'Hi' })
  }
  const refused = await post(url, 'no-such-model')
  expect(refused.status).toBe(400)
  expect(await refused.json()).toMatchObject({ code: 'unknown-model', detail: expect.stringContaining('llama3.2') })
})

it('what a vendor says that its models can do is shown, and a name that objects have of their own does no harm', async () => {
  const vendor = await startOllama()
  const told = { capabilities: { function_calling: true, vision: 'perhaps' } }
  const data = ['a', '__proto__', 'constructor'].map((id) => ({ id, ...told }))
  vendor.models = { status: 200, body: { data: [...data, { id: 'b' }] } }
  const { url } = await startServer({ env: { OLLAMA_BASE_URL: vendor.url, MODEL_REFRESH_MINUTES: '10' } })
  const { models, modelCapabilities = {} } = await untilTold(url)
  expect(models).toEqual(['a', '__proto__', 'constructor', 'b'])
  expect(Object.entries(modelCapabilities)).toEqual([
    ['a', { tools: true }],
    ['constructor', { tools: true }],
  ])
})

it('a job waits for no vendor: it is created while the vendor has not told its models', async () => {
  const vendor = await startOllama()
  vendor.models = { status: 503, body: 'Loading' }
  const { url } = await startServer({ env: { OLLAMA_BASE_URL: vendor.url, MODEL_REFRESH_MINUTES: '10' } })
  expect(Job.parse(await (await post(url, 'anything')).json())).toMatchObject({ status: 'completed' })
})

it('a preset that nobody configured is not listed, but a job for it is told which variable to set', async () => {
  const { url } = await startServer()
  expect((await providersOf(url)).map(({ name }) => name)).toEqual(['echo', 'openai', 'anthropic', 'gemini'])
  const refused = await post(url, 'any', 'groq')
  expect(refused.status).toBe(503)
  expect(await refused.json()).toMatchObject({
    code: 'provider-key-missing',
    detail: expect.stringContaining('GROQ_API_KEY'),
  })
})

it('a preset is listed and counted among the providers that share the slots if its key is set', async () => {
  const { url } = await startServer({ env: { GROQ_API_KEY: 'key', GROQ_MODELS: 'm' } })
  expect((await providersOf(url)).map(({ name, configured }) => ({ name, configured }))).toEqual([
    { name: 'echo', configured: true },
    { name: 'openai', configured: false },
    { name: 'anthropic', configured: false },
    { name: 'gemini', configured: false },
    { name: 'groq', configured: true },
  ])
})
