import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Job } from '@promptlab/contract'
import { startGeminiVendor, startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { programArguments, ServerProcess } from '../support/server-process.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startServer } from '../support/test-server.ts'

async function providers(env: Record<string, string>): Promise<{ exitCode: unknown; output: string }> {
  const command = await ServerProcess.spawnNode(programArguments('providers'), env)
  return { exitCode: await command.exit(), output: command.output }
}

async function vendorWith(start: typeof startOpenAIVendor, models: LoopbackModels) {
  const vendor = await start()
  onTestFinished(() => vendor.close())
  vendor.models = models
  return vendor
}
type LoopbackModels = { status: number; body: unknown }

async function fileWith(vendors: unknown): Promise<string> {
  const path = join(await temporaryFolder(), 'providers.json')
  await writeFile(path, JSON.stringify(vendors))
  return path
}

describe('pnpm providers', () => {
  it('prints what is configured with its models, and what is not with its variables', async () => {
    const ollama = await vendorWith(startOpenAIVendor, { status: 200, body: { data: [{ id: 'llama3.2:latest' }] } })
    const { output, exitCode } = await providers({ OLLAMA_BASE_URL: ollama.url, OLLAMA_MODELS: 'llama3.2,qwen3' })
    expect(output).toContain(`ollama         ${ollama.url}  1 model\n      llama3.2`)
    expect(output).toContain('jobs may name: llama3.2, qwen3')
    expect(output).toMatch(/^ {2}echo {11}1 model$/m)
    expect(output).toMatch(/Not configured:[\s\S]* {2}groq {11}set GROQ_API_KEY$/m)
    expect(exitCode).toBe(0)
  })

  it('says in words what fails, without the key', async () => {
    const key = 'a-key-of-the-service'
    const body = { error: { message: `Invalid key ${key}` } }
    const gemini = await vendorWith(startGeminiVendor, { status: 401, body })
    const env = { GEMINI_API_KEY: key, GEMINI_BASE_URL: gemini.url, OLLAMA_BASE_URL: 'http://127.0.0.1:9' }
    const { output, exitCode } = await providers(env)
    expect(exitCode).toBe(1)
    expect(output).toMatch(/gemini .*FAILED\n +gemini answered 401 .*\n +Check the key\.$/m)
    expect(output).toMatch(/ollama .*FAILED\n +ollama .*\n +Check that the server runs, and its address\.$/m)
    expect(output).not.toContain(key)
  })
})

it('a vendor of PROVIDERS_FILE runs jobs with its key and its headers', async () => {
  const vendor = await vendorWith(startOpenAIVendor, { status: 404, body: 'no list' })
  vendor.respondWith((exchange) => {
    expect(exchange.headers).toMatchObject({
      authorization: 'Bearer acme-key',
      'x-team': 'a',
      'x-token': 'a-secret-token',
    })
    exchange.sendToken('Hi')
    exchange.finish()
  })
  const PROVIDERS_FILE = await fileWith([
    {
      name: 'acme',
      kind: 'openai-compatible',
      baseUrl: vendor.url,
      apiKeyEnv: 'ACME_KEY',
      headers: { 'x-team': 'a', 'x-token': { env: 'ACME_TOKEN' } },
      models: ['*'],
    },
  ])
  const { url } = await startServer({ env: { PROVIDERS_FILE, ACME_KEY: 'acme-key', ACME_TOKEN: 'a-secret-token' } })
  const response = await fetch(`${url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', prefer: 'wait=20' },
    body: JSON.stringify({ prompt: 'Hello', provider: 'acme', model: 'anything' }),
  })
  expect(Job.parse(await response.json())).toMatchObject({ status: 'completed', result: 'Hi' })
})
