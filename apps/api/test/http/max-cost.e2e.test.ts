import type { Job } from '@promptlab/contract'
import { type Exchange, startAnthropicVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createJob, getJob, postJob, problemOf, readStream, StreamReader } from '../support/job-client.ts'
import { jsonFile } from '../support/json-file.ts'
import { OPENAI, PATIENT, startVendorServer } from '../support/vendor-server.ts'

const CLAUDE = { provider: 'anthropic', model: 'claude-sonnet-5' }
/** A dollar a thousand tokens of input, two dollars a thousand of output. */
const PRICES = {
  openai: { 'gpt-4': { input: 1_000, output: 2_000 } },
  anthropic: { [CLAUDE.model]: { input: 1_000, output: 2_000 } },
}
/** The input of `OPENAI` may cost 11 thousandths, so 44 tokens are left for the answer. Its estimate is 2 thousandths. */
const ASKED = { ...OPENAI, maxCostUsd: 0.1 }
const AFFORDED = 44

async function startPriced(settings: Readonly<Record<string, string>> = {}, run: Partial<typeof PATIENT> = {}) {
  const config = { run: { ...PATIENT, patienceMs: 0, ...run } }
  return await startVendorServer(
    { PRICES_FILE: await jsonFile('prices.json', PRICES), OPENAI_MODELS: '*', ...settings },
    config,
  )
}

async function startTwoVendors(run: Partial<typeof PATIENT> = {}, prices: object = PRICES) {
  const second = await startAnthropicVendor()
  onTestFinished(() => second.close())
  const env = { ANTHROPIC_API_KEY: 'key', ANTHROPIC_BASE_URL: second.url }
  const server = await startPriced({ ...env, PRICES_FILE: await jsonFile('prices.json', prices) }, run)
  return { ...server, first: server.vendor, second }
}

async function ended(url: string, id: string): Promise<Job> {
  await readStream(url, id)
  return await getJob(url, id)
}

const EXCEEDED = { status: 'failed', error: { code: 'budget-exceeded', retryable: false } }
const costOf = (job: Job) => (job.status === 'pending' ? undefined : job.metrics.cost)

/** A piece for each token. */
function say(exchange: Exchange, tokens: number): void {
  for (let index = 0; index < tokens; index++) exchange.sendToken('x')
}

describe('a job with maxCostUsd', () => {
  it('sends the vendor a limit of output that it affords, and completes below it', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, ASKED)
    const exchange = await vendor.nextRequest()
    expect(exchange.request.maxTokens).toBe(AFFORDED)
    say(exchange, 20)
    exchange.finish({ usage: { inputTokens: 5, outputTokens: 20 } })
    expect(await ended(url, id)).toMatchObject({ status: 'completed', maxCostUsd: 0.1 })
  })

  it('keeps the limit of its caller if that is smaller, and completes at it', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, { ...ASKED, options: { maxTokens: 10 } })
    const exchange = await vendor.nextRequest()
    expect(exchange.request.maxTokens).toBe(10)
    say(exchange, 10)
    exchange.finish({ reason: 'length' })
    expect(await ended(url, id)).toMatchObject({ status: 'completed', metrics: { finishReason: 'length' } })
  })

  it('fails with its text if the vendor ends at a limit that is smaller than asked', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, { ...ASKED, options: { maxTokens: 1_000 } })
    const exchange = await vendor.nextRequest()
    // The options count as input.
    expect(exchange.request.maxTokens).toBe(40)
    say(exchange, 40)
    exchange.finish({ reason: 'length', usage: { inputTokens: 9, outputTokens: 40 } })
    const job = await ended(url, id)
    expect(job).toMatchObject({ ...EXCEEDED, result: 'x'.repeat(40), metrics: { finishReason: 'length' } })
    expect(costOf(job)).toEqual({ usd: 0.089, priced: 'exact' })
  })

  it('is stopped in its answer if the vendor ignores the limit, and hangs up', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, ASKED)
    const reader = await StreamReader.open(url, id)
    const exchange = await vendor.nextRequest()
    say(exchange, 60)
    await exchange.closed
    const job = await ended(url, id)
    expect(job).toMatchObject({ ...EXCEEDED, result: 'x'.repeat(49) })
    expect(job).toMatchObject({ error: { message: expect.stringContaining('reached $0.1') } })
    expect(costOf(job)).toEqual({ usd: 0.1, priced: 'estimated' })
    const events = await reader.rest()
    expect(events.at(-1)).toMatchObject({ event: 'error', data: expect.stringContaining('"code":"budget-exceeded"') })
  })

  it('publishes a huge piece before it is stopped: the piece is paid for', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, ASKED)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('y'.repeat(10_000))
    await exchange.closed
    const job = await ended(url, id)
    expect(job).toMatchObject({ ...EXCEEDED, result: 'y'.repeat(10_000) })
    expect(costOf(job)).toEqual({ usd: 5.002, priced: 'estimated' })
  })

  it('counts reasoning and tool calls as output', async () => {
    const { url, vendor } = await startPriced()
    const thinking = await createJob(url, ASKED)
    const first = await vendor.nextRequest()
    for (let index = 0; index < 60; index++) first.sendReasoning('hm')
    await first.closed
    expect(await ended(url, thinking.id)).toMatchObject({ ...EXCEEDED, result: '' })
    const tools = [{ name: 'look', parameters: { type: 'object' } }]
    const calling = await createJob(url, { ...ASKED, maxCostUsd: 0.2, options: { tools } })
    const second = await vendor.nextRequest()
    second.sendToolCalls({ index: 0, callId: 'a', name: 'look', arguments: `"${'z'.repeat(1_000)}` })
    await second.closed
    expect(await ended(url, calling.id)).toMatchObject(EXCEEDED)
  })

  it('fails without text if the vendor hides its reasoning up to the limit', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, ASKED)
    const exchange = await vendor.nextRequest()
    const usage = { inputTokens: 5, outputTokens: AFFORDED, reasoningTokens: AFFORDED }
    exchange.finish({ reason: 'length', usage })
    expect(await ended(url, id)).toMatchObject({ ...EXCEEDED, result: '' })
  })

  it('is called once more without the limit if the vendor refuses that, and no job after it is called twice', async () => {
    const { url, vendor } = await startPriced()
    const dear = { ...OPENAI, maxCostUsd: 100 }
    const { id } = await createJob(url, dear)
    const first = await vendor.nextRequest()
    expect(first.request.maxTokens).toBe(49_994)
    first.fail(400)
    const second = await vendor.nextRequest()
    expect(second.request.maxTokens).toBeUndefined()
    say(second, 3)
    second.finish({ reason: 'length' })
    const job = await ended(url, id)
    expect(job).toMatchObject({ status: 'completed', metrics: { attempts: 2 } })
    const next = await createJob(url, dear)
    const third = await vendor.nextRequest()
    expect(third.request.maxTokens).toBeUndefined()
    third.finish()
    expect(await ended(url, next.id)).toMatchObject({ status: 'completed', metrics: { attempts: 1 } })
    const small = await createJob(url, ASKED)
    const fourth = await vendor.nextRequest()
    expect(fourth.request.maxTokens, 'a smaller limit was not refused').toBe(AFFORDED)
    fourth.finish()
    await ended(url, small.id)
  })

  it.each([
    [
      'completes at a limit of the vendor that is smaller',
      30,
      { status: 'completed', metrics: { finishReason: 'length' } },
    ],
    ['fails near the limit, as the vendor counts', AFFORDED - 2, EXCEEDED],
    ['fails if the vendor does not count', 0, EXCEEDED],
  ])('%s', async (_, outputTokens, end) => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, ASKED)
    const exchange = await vendor.nextRequest()
    say(exchange, 20)
    exchange.finish({ reason: 'length', usage: { inputTokens: 5, outputTokens } })
    const job = await ended(url, id)
    expect(job).toMatchObject(end)
    if (job.status === 'failed') expect(job.error.message).toContain(`ended at ${AFFORDED} tokens`)
  })

  it('is not called without a limit that may be too small: the vendor could think unseen, at any cost', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, { ...ASKED, maxCostUsd: 0.03 })
    const exchange = await vendor.nextRequest()
    expect(exchange.request.maxTokens).toBe(9)
    exchange.fail(400)
    expect(await ended(url, id)).toMatchObject({ status: 'failed', error: { code: 'provider-rejected' } })
    expect(vendor.requests).toBe(1)
  })

  it('is stopped nevertheless after the vendor refused the limit', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, ASKED)
    ;(await vendor.nextRequest()).fail(400)
    const exchange = await vendor.nextRequest()
    say(exchange, 60)
    await exchange.closed
    expect(await ended(url, id)).toMatchObject({ ...EXCEEDED, result: 'x'.repeat(49) })
  })

  it('fails as the vendor says if that refuses the request without the limit, too', async () => {
    const { url, vendor } = await startPriced()
    const { id } = await createJob(url, { ...OPENAI, maxCostUsd: 100 })
    ;(await vendor.nextRequest()).fail(400)
    ;(await vendor.nextRequest()).fail(400)
    expect(await ended(url, id)).toMatchObject({ status: 'failed', error: { code: 'provider-rejected' } })
    const next = await createJob(url, { ...OPENAI, maxCostUsd: 100 })
    const exchange = await vendor.nextRequest()
    expect(exchange.request.maxTokens, 'the limit was not to blame').toBe(49_994)
    exchange.finish()
    await ended(url, next.id)
  })

  it('gives a fallback what the calls before have left', async () => {
    const { url, first, second } = await startTwoVendors()
    const prompt = 'w'.repeat(40)
    const { id } = await createJob(url, { ...ASKED, prompt, fallbacks: [CLAUDE] })
    const failing = await first.nextRequest()
    // 20 tokens and 8 for the message: 72 thousandths are left.
    expect(failing.request.maxTokens).toBe(36)
    failing.start()
    failing.end()
    const exchange = await second.nextRequest()
    // The call that failed cost about 10 tokens of input.
    expect(exchange.request.maxTokens).toBe(31)
    exchange.sendToken('Hi')
    exchange.finish()
    expect(await ended(url, id)).toMatchObject({ status: 'completed', metrics: { answeredBy: CLAUDE } })
  })

  it('fails without a call if the rest does not afford the input', async () => {
    const { url, first, second } = await startTwoVendors()
    const prompt = 'w'.repeat(160)
    const { id } = await createJob(url, { ...ASKED, prompt, fallbacks: [CLAUDE] })
    const failing = await first.nextRequest()
    failing.start()
    failing.end()
    expect(await ended(url, id)).toMatchObject({ ...EXCEEDED, result: '', metrics: { attempts: 1 } })
    expect(second.requests).toBe(0)
  })

  it('asks the next fallback if the rest affords only that', async () => {
    const prices = { ...PRICES, openai: { ...PRICES.openai, mini: { input: 1, output: 2 } } }
    const { url, first, second } = await startTwoVendors({}, prices)
    const prompt = 'w'.repeat(160)
    const fallbacks = [CLAUDE, { ...OPENAI, prompt: undefined, model: 'mini' }]
    const { id } = await createJob(url, { ...ASKED, prompt, fallbacks })
    const failing = await first.nextRequest()
    failing.start()
    failing.end()
    const exchange = await first.nextRequest()
    exchange.sendToken('Hi')
    exchange.finish()
    expect(await ended(url, id)).toMatchObject({ status: 'completed', metrics: { answeredBy: { model: 'mini' } } })
    expect(second.requests).toBe(0)
  })

  it('knows what it has cost when it was put back in line', async () => {
    const { url, first, second } = await startTwoVendors({ patienceMs: 60_000 })
    const prompt = 'w'.repeat(40)
    const { id } = await createJob(url, { ...ASKED, prompt, fallbacks: [CLAUDE] })
    const failing = await first.nextRequest()
    failing.start()
    failing.end()
    ;(await second.nextRequest()).fail(429)
    await vi.waitUntil(async () => (await getJob(url, id)).status === 'pending', 10_000)
    const exchange = await second.nextRequest()
    // The first call cost about 10 tokens of input, in the run before.
    expect(exchange.request.maxTokens).toBe(31)
    exchange.sendToken('Hi')
    exchange.finish()
    expect(await ended(url, id)).toMatchObject({ status: 'completed', metrics: { attempts: 3 } })
  })

  it('goes on when it costs nothing', async () => {
    const { url } = await startPriced()
    const { id } = await createJob(url, { provider: 'echo', model: 'echo', prompt: 'Hello', maxCostUsd: 0.000001 })
    expect(await ended(url, id)).toMatchObject({ status: 'completed', maxCostUsd: 0.000001 })
  })

  it('is refused if no price is known, with the words that help', async () => {
    const { url } = await startPriced()
    const own = await postJob(url, { ...ASKED, model: 'made-up' })
    const problem = await problemOf(own)
    expect(problem).toMatchObject({
      status: 400,
      code: 'unpriced-model',
      detail: expect.stringContaining('openai/made-up'),
    })
    expect(problem.detail).toContain('PRICES_FILE')
    const fallbacks = [{ provider: 'openai', model: 'made-up' }]
    const named = await problemOf(await postJob(url, { ...ASKED, fallbacks }))
    expect(named).toMatchObject({ code: 'unpriced-model', errors: [{ path: 'fallbacks[0]' }] })
    expect((await postJob(url, { ...OPENAI, fallbacks })).status, 'without a limit it may cost anything').toBe(202)
  })

  it('is refused if its input alone may cost more', async () => {
    const { url, vendor } = await startPriced()
    const problem = await problemOf(await postJob(url, { ...ASKED, prompt: 'x'.repeat(1_000) }))
    expect(problem).toMatchObject({
      status: 402,
      code: 'budget-exceeded',
      detail: expect.stringContaining('508 tokens'),
    })
    expect(problem.detail).toContain('maxCostUsd, which is $0.1')
    expect(vendor.requests).toBe(0)
  })

  it.each([0, -1, '1', 1e9, null])('is refused with the limit %j', async (maxCostUsd) => {
    const { url } = await startPriced()
    expect((await postJob(url, { ...OPENAI, maxCostUsd })).status).toBe(400)
  })

  it('counts the conversation before it', async () => {
    const { url, vendor } = await startPriced()
    const first = await createJob(url, { ...OPENAI, prompt: 'x'.repeat(400) })
    const exchange = await vendor.nextRequest()
    exchange.sendToken('y'.repeat(400))
    exchange.finish()
    await ended(url, first.id)
    const next = await postJob(url, { ...ASKED, previousJobId: first.id })
    expect(await problemOf(next)).toMatchObject({ code: 'budget-exceeded', status: 402 })
    const { id } = await createJob(url, { ...ASKED, maxCostUsd: 1, previousJobId: first.id })
    const second = await vendor.nextRequest()
    // 805 bytes and three messages: 427 tokens.
    expect(second.request.maxTokens).toBe(286)
    second.finish()
    await ended(url, id)
  })
})
