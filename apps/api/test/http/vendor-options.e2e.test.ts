import { JobPage, Problem } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { createJob, getJob, postJob } from '../support/job-client.ts'
import { startServer } from '../support/test-server.ts'
import { OPENAI, startVendorServer } from '../support/vendor-server.ts'

describe('options.vendor', () => {
  const vendor = { service_tier: 'flex', prediction: { type: 'content', content: 'Hi' } }

  it('is sent to the vendor unchanged, and is shown by the job, but not by lists', async () => {
    const { vendor: server, url } = await startVendorServer()
    const { id } = await createJob(url, { ...OPENAI, prompt: 'Hello', options: { vendor, temperature: 1 } })
    const exchange = await server.nextRequest()
    expect(exchange.body).toMatchObject(vendor)
    exchange.finish()
    expect(await getJob(url, id)).toMatchObject({ options: { vendor, temperature: 1 } })
    const page = JobPage.parse(await (await fetch(`${url}/jobs`)).json())
    expect(page.data.map(({ options }) => options)).toEqual([{ temperature: 1 }])
  })

  it.each([
    ['is a text', 'text', 'options.vendor'],
    ['is too long', { text: 'x'.repeat(20_000) }, 'options.vendor'],
  ])('is refused if it %s', async (_, vendor, path) => {
    const { url } = await startVendorServer()
    const response = await postJob(url, { ...OPENAI, prompt: 'Hello', options: { vendor } })
    const problem = Problem.parse(await response.json())
    expect(problem).toMatchObject({ status: 400, code: 'invalid-request', errors: [{ path }] })
  })
})

describe('what one vendor cannot do', () => {
  it.each([
    ['echo', { vendor: { top_k: 5 } }, 'options.vendor'],
    ['openai', { vendor: { n: 2 } }, 'options.vendor.n'],
    ['anthropic', { vendor: { top_k: 5, max_tokens: 5 } }, 'options.vendor.max_tokens'],
    ['anthropic', { responseFormat: { type: 'json' } }, 'options.responseFormat.type'],
    ['anthropic', { seed: 7 }, 'options.seed'],
    ['gemini', { vendor: { generationConfig: {} } }, 'options.vendor.generationConfig'],
  ])('is refused with its path for %s: %j', async (provider, options, path) => {
    const keys = { OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'k', GEMINI_API_KEY: 'k' }
    const models = { OPENAI_MODELS: 'echo', ANTHROPIC_MODELS: 'echo', GEMINI_MODELS: 'echo' }
    const { url } = await startServer({ env: { ...keys, ...models } })
    const response = await postJob(url, { prompt: 'Hi', provider, model: 'echo', options })
    const problem = Problem.parse(await response.json())
    expect(problem).toMatchObject({ status: 400, code: 'unsupported-option', errors: [{ path }] })
    expect(problem.detail).toContain(provider)
  })
})
