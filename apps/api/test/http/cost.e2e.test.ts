import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Job } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { createJob, getJob, readStream, StreamReader } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { startServer } from '../support/test-server.ts'
import { OPENAI, startVendorServer } from '../support/vendor-server.ts'

/** A dollar a thousand tokens of input, two dollars a thousand of output. */
const PRICES = { openai: { 'gpt-4': { input: 1_000, output: 2_000, cachedInput: 100 } } }
const USAGE = { inputTokens: 100, outputTokens: 50 }

async function startPriced(prices: object = PRICES) {
  const path = join(await temporaryFolder(), 'prices.json')
  await writeFile(path, JSON.stringify(prices))
  return await startVendorServer({ PRICES_FILE: path })
}

function metricsOf(job: Job) {
  if (job.status === 'pending') throw new Error('The job has no metrics yet')
  return job.metrics
}

async function endedMetrics(url: string, id: string) {
  await readStream(url, id)
  return metricsOf(await getJob(url, id))
}

const call = (endedBecause: string, cost: object) => ({
  provider: 'openai',
  model: 'gpt-4',
  startedAt: expect.stringMatching(/^\d{4}-.*Z$/),
  endedBecause,
  cost,
})

describe('the cost of a job', () => {
  it('is made of the tokens that the vendor reported, with a price for cached ones', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Hi')
    exchange.finish({ usage: { ...USAGE, cachedInputTokens: 60 } })
    const cost = { usd: 0.146, priced: 'exact' }
    expect(await endedMetrics(url, id)).toMatchObject({ attempts: 1, cost, calls: [call('completed', cost)] })
  })

  it('is what the vendor says, if it says so', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Hi')
    const usage = { prompt_tokens: 100, completion_tokens: 50, cost: 0.0123 }
    exchange.sendRaw(
      `data: ${JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage })}\n\n`,
    )
    exchange.end()
    expect(await endedMetrics(url, id)).toMatchObject({ cost: { usd: 0.0123, priced: 'vendor' } })
  })

  it('is unknown without a price, and has no amount then', async () => {
    const { url, vendor } = await startPriced({})
    const { id } = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Hi')
    exchange.finish({ usage: USAGE })
    expect((await endedMetrics(url, id)).cost).toEqual({ priced: 'unknown' })
  })

  it('is estimated from the pieces of an answer whose vendor reported no tokens', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, { ...OPENAI, prompt: 'x'.repeat(400) })
    const exchange = await vendor.nextRequest()
    exchange.sendToken('y'.repeat(200))
    exchange.finish()
    expect((await endedMetrics(url, id)).cost).toEqual({ usd: 0.2, priced: 'estimated' })
  })

  it('is estimated for a job that fails or is cancelled in its answer', async () => {
    const { url, vendor } = await startPriced()
    const body = { ...OPENAI, prompt: 'x'.repeat(40) }
    const failed = await createJob(url, body)
    const first = await vendor.nextRequest()
    first.sendToken('a')
    first.sendToken('b')
    first.end()
    const cost = { usd: 0.014, priced: 'estimated' }
    expect(await endedMetrics(url, failed.id)).toMatchObject({ cost, calls: [call('provider-malformed', cost)] })

    const cancelled = await createJob(url, body)
    const reader = await StreamReader.open(url, cancelled.id)
    const second = await vendor.nextRequest()
    second.sendToken('a')
    await reader.nextToken()
    await fetch(`${url}/jobs/${cancelled.id}/cancel`, { method: 'POST' })
    const less = { usd: 0.012, priced: 'estimated' }
    expect(await endedMetrics(url, cancelled.id)).toMatchObject({ cost: less, calls: [call('cancelled', less)] })
  })

  it('has nothing of calls that the vendor refused', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, OPENAI)
    ;(await vendor.nextRequest()).fail(429)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Hi')
    exchange.finish({ usage: USAGE })
    const cost = { usd: 0.2, priced: 'exact' }
    const calls = [call('provider-rate-limited', { usd: 0, priced: 'exact' }), call('completed', cost)]
    expect(await endedMetrics(url, id)).toMatchObject({ attempts: 2, cost, calls })
  })

  it('is estimated with the whole conversation, and unknown if that has an image', async () => {
    const { url, vendor } = await startPriced()
    const first = await createJob(url, { ...OPENAI, prompt: 'x'.repeat(40) })
    const exchange = await vendor.nextRequest()
    exchange.sendToken('y'.repeat(40))
    exchange.finish()
    await readStream(url, first.id)
    const second = await createJob(url, { ...OPENAI, prompt: 'x'.repeat(40), previousJobId: first.id })
    const next = await vendor.nextRequest()
    next.sendToken('z')
    next.finish()
    expect((await endedMetrics(url, second.id)).cost).toEqual({ usd: 0.032, priced: 'estimated' })

    const image = {
      type: 'image',
      mediaType: 'image/png',
      data: Buffer.from('\x89PNG\r\n\x1a\n', 'latin1').toString('base64'),
    }
    const { prompt: _, ...body } = OPENAI
    const third = await createJob(url, { ...body, messages: [{ role: 'user', content: [image] }] })
    const last = await vendor.nextRequest()
    last.sendToken('z')
    last.finish()
    expect((await endedMetrics(url, third.id)).cost).toEqual({ priced: 'unknown' })
  })

  it('is in the record, in lists and in the view full, and not in the view text', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, OPENAI)
    const live = await StreamReader.open(url, id)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Hi')
    exchange.finish({ usage: USAGE })
    const final = (await live.rest()).at(-1)
    const { cost, calls, ...shown } = metricsOf(await getJob(url, id))
    expect(cost).toBeDefined()
    expect(calls).toHaveLength(1)
    expect(JSON.parse(final?.data ?? '')).toEqual(shown)
    expect((await readStream(url, id)).final).toEqual(final)
    const full = await (await fetch(`${url}/jobs/${id}/stream?view=full`)).text()
    expect(full).toContain(`data: ${JSON.stringify({ ...shown, cost, calls })}\n`)
    expect(await (await fetch(`${url}/jobs`)).text()).toContain('"cost":{"usd":0.2,"priced":"exact"}')
  })

  it('is nowhere in a job of a provider that calls no vendor', async () => {
    const { url } = await startServer()
    const { id } = await createJob(url, { prompt: 'Once', provider: 'echo', model: 'echo' })
    const metrics = await endedMetrics(url, id)
    expect(Object.keys(metrics)).toEqual(['durationMs', 'tokenCount', 'ttftMs', 'queuedMs', 'attempts'])
  })
})

describe('GET /metrics', () => {
  const numbersOf = async (url: string, name: string) =>
    (await (await fetch(`${url}/metrics`)).text()).split('\n').filter((line) => line.startsWith(`promptlab_${name}`))

  it('adds up what runs cost, and counts those whose cost is unknown', async () => {
    const { url, vendor } = await startPriced({ openai: { 'gpt-4': { input: 1_000, output: 2_000 } } })
    for (const model of ['gpt-4', 'gpt-4', 'gpt-3.5-turbo']) {
      const { id } = await createJob(url, { ...OPENAI, model })
      const exchange = await vendor.nextRequest()
      exchange.sendToken('Hi')
      exchange.finish({ usage: USAGE })
      await readStream(url, id)
    }
    expect(await numbersOf(url, 'cost_usd_total')).toEqual([
      'promptlab_cost_usd_total{provider="openai",model="gpt-4",priced="exact"} 0.4',
    ])
    expect(await numbersOf(url, 'jobs_unpriced_total')).toEqual([
      'promptlab_jobs_unpriced_total{provider="openai",model="gpt-3.5-turbo"} 1',
    ])
  })

  it('calls models other that the provider does not list', async () => {
    class AnyModelProvider extends ScriptedProvider {
      override readonly models: string[] = ['script-1']
    }
    const provider = new AnyModelProvider(['a'])
    const { url } = await startServer({ providers: [provider] })
    provider.models.push('made-up')
    const gate = await createJob(url, { prompt: 'Go', provider: 'scripted', model: 'made-up' })
    provider.models.pop()
    await readStream(url, gate.id)
    expect((await numbersOf(url, 'jobs_ended_total')).join()).toContain('model="other"')
  })
})
