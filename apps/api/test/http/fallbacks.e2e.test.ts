import { join } from 'node:path'
import type { Job } from '@promptlab/contract'
import { type Exchange, startAnthropicVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createJob, getJob, postJob, problemOf, readStream, StreamReader } from '../support/job-client.ts'
import { jsonFile } from '../support/json-file.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { OPENAI, PATIENT, startVendorServer } from '../support/vendor-server.ts'

const CLAUDE = { provider: 'anthropic', model: 'claude-sonnet-5' }
const ASKED = { ...OPENAI, fallbacks: [CLAUDE] }
const USAGE = { inputTokens: 100, outputTokens: 50 }
/** A dollar a thousand tokens at the first vendor, two dollars at the second. */
const PRICES = {
  openai: { 'gpt-4': { input: 1_000, output: 1_000 } },
  anthropic: { [CLAUDE.model]: { input: 2_000, output: 2_000 } },
}

/** Two vendors: `openai` is asked first, `anthropic` is its fallback. */
async function startTwoVendors(settings: Readonly<Record<string, string>> = {}, run: Partial<typeof PATIENT> = {}) {
  const second = await startAnthropicVendor()
  onTestFinished(() => second.close())
  const env = {
    ANTHROPIC_API_KEY: 'key',
    ANTHROPIC_BASE_URL: second.url,
    PRICES_FILE: await jsonFile('prices.json', PRICES),
    ...settings,
  }
  // Without patience: a vendor that takes no more calls is not waited for.
  const server = await startVendorServer(env, { run: { ...PATIENT, patienceMs: 0, ...run } })
  return { ...server, first: server.vendor, second }
}

function answer(exchange: Exchange, text = 'From the second'): void {
  exchange.sendToken(text)
  exchange.finish({ usage: USAGE })
}

async function endedJob(url: string, id: string): Promise<Job> {
  await readStream(url, id)
  return await getJob(url, id)
}

const metricsOf = (job: Job) => (job.status === 'pending' ? undefined : job.metrics)

describe('a vendor that fails before it said anything', () => {
  const failures: readonly [what: string, code: string, calls: number, fail: (exchange: Exchange) => void][] = [
    ['answers 500', 'provider-unavailable', 3, (exchange) => exchange.fail(500)],
    ['answers 401', 'provider-auth', 1, (exchange) => exchange.fail(401)],
    ['answers 429', 'provider-rate-limited', 3, (exchange) => exchange.fail(429)],
    ['hangs up before its answer', 'provider-unavailable', 3, (exchange) => exchange.reset()],
    [
      'reports an error inside a 200',
      'provider-unavailable',
      3,
      (exchange) => {
        exchange.start()
        exchange.sendFailure('Overloaded')
        exchange.end()
      },
    ],
    [
      'ends a 200 without an answer',
      'provider-malformed',
      1,
      (exchange) => {
        exchange.start()
        exchange.end()
      },
    ],
  ]

  it.each(failures)('and %s is followed by the fallback', async (_, code, calls, fail) => {
    const { url, first, second } = await startTwoVendors()
    first.respondWith(fail)
    const { id } = await createJob(url, ASKED)
    answer(await second.nextRequest())
    const job = await endedJob(url, id)
    expect(job).toMatchObject({ status: 'completed', result: 'From the second', ...OPENAI, fallbacks: [CLAUDE] })
    expect(metricsOf(job)).toMatchObject({ attempts: calls + 1, answeredBy: CLAUDE, usage: USAGE })
    expect(metricsOf(job)?.calls?.map(({ provider, endedBecause }) => [provider, endedBecause])).toEqual([
      ...Array.from({ length: calls }, () => ['openai', code]),
      ['anthropic', 'completed'],
    ])
    expect(first.requests).toBe(calls)
  })

  it('and is silent for too long is followed by the fallback', async () => {
    const { url, first, second } = await startTwoVendors({}, { firstTokenTimeoutMs: 1_000 })
    const { id } = await createJob(url, ASKED)
    await (await first.nextRequest()).closed
    answer(await second.nextRequest())
    const job = await endedJob(url, id)
    expect(job).toMatchObject({ status: 'completed', result: 'From the second' })
    expect(metricsOf(job)?.calls).toMatchObject([
      { provider: 'openai', endedBecause: 'provider-timeout' },
      { provider: 'anthropic', endedBecause: 'completed' },
    ])
  })

  it('and refuses the request is followed by nobody', async () => {
    const { url, first, second } = await startTwoVendors()
    first.respondWith((exchange) => exchange.fail(400))
    const { id } = await createJob(url, ASKED)
    const job = await endedJob(url, id)
    expect(job).toMatchObject({ status: 'failed', error: { code: 'provider-rejected' } })
    expect(metricsOf(job)?.answeredBy).toBeUndefined()
    expect(second.requests).toBe(0)
  })

  it('is followed by each fallback in its order, and the last failure is that of the job', async () => {
    const { url, first, second } = await startTwoVendors()
    const asked: (string | undefined)[] = []
    first.respondWith((exchange) => {
      asked.push(exchange.request.model)
      exchange.fail(401)
    })
    second.respondWith((exchange) => {
      asked.push(exchange.request.model)
      exchange.fail(404)
    })
    const fallbacks = [CLAUDE, { provider: 'openai', model: 'gpt-5' }]
    const { id } = await createJob(url, { ...OPENAI, fallbacks })
    const job = await endedJob(url, id)
    expect(asked).toEqual(['gpt-4', CLAUDE.model, 'gpt-5'])
    expect(job).toMatchObject({ status: 'failed', error: { code: 'provider-auth' }, metrics: { attempts: 3 } })
    expect(metricsOf(job)?.answeredBy).toEqual(fallbacks[1])
  })
})

describe('a vendor that takes no more calls for now', () => {
  it('is waited for as it says, within the patience of the job, and then the fallback is asked', async () => {
    const { url, first, second } = await startTwoVendors({}, { patienceMs: 2_000 })
    let refusals = 0
    // The second wait would be longer than the patience.
    first.respondWith((exchange) => exchange.fail(429, { retryAfterSeconds: refusals++ === 0 ? 1 : 90 }))
    const { id } = await createJob(url, ASKED)
    answer(await second.nextRequest())
    const job = await endedJob(url, id)
    expect(job).toMatchObject({ status: 'completed', result: 'From the second' })
    expect(metricsOf(job)).toMatchObject({ attempts: 3, answeredBy: CLAUDE })
    expect(metricsOf(job)?.calls?.map(({ provider }) => provider)).toEqual(['openai', 'openai', 'anthropic'])
  })

  it('and is a fallback, is asked again by the next run of the job', async () => {
    const { url, first, second } = await startTwoVendors({}, { patienceMs: 60_000 })
    first.respondWith((exchange) => exchange.fail(401))
    const { id } = await createJob(url, ASKED)
    ;(await second.nextRequest()).fail(429, { retryAfterSeconds: 1 })
    answer(await second.nextRequest())
    const job = await endedJob(url, id)
    expect(metricsOf(job)).toMatchObject({ attempts: 3, answeredBy: CLAUDE })
    expect(first.requests).toBe(1)
  })
})

describe('a vendor that fails in its answer', () => {
  it('is followed by nobody: what was published stays', async () => {
    const { url, first, second } = await startTwoVendors()
    const { id } = await createJob(url, ASKED)
    const exchange = await first.nextRequest()
    exchange.sendToken('Half')
    const reader = await StreamReader.open(url, id)
    await reader.nextToken()
    exchange.reset()
    await reader.rest()
    expect(await getJob(url, id)).toMatchObject({ status: 'failed', result: 'Half', metrics: { attempts: 1 } })
    expect(second.requests).toBe(0)
  })
})

describe('the cost of a job that a fallback answered', () => {
  it.each(['json', 'sqlite'])('counts for who was called (%s)', async (store) => {
    const database = store === 'sqlite' ? { DATABASE_URL: `sqlite:${join(await temporaryFolder(), 'jobs.db')}` } : {}
    const { url, first, second } = await startTwoVendors(database)
    const { id } = await createJob(url, { ...ASKED, prompt: 'x'.repeat(400) })
    const malformed = await first.nextRequest()
    malformed.start()
    malformed.end()
    answer(await second.nextRequest())
    const job = await endedJob(url, id)
    // 100 tokens of input at the first, about; 150 tokens at the second.
    expect(metricsOf(job)).toMatchObject({ cost: { usd: 0.4, priced: 'estimated' } })
    const usage = await (await fetch(`${url}/usage?groupBy=model`)).json()
    expect(usage).toMatchObject({
      data: [
        { ...CLAUDE, jobs: 1, inputTokens: 100, outputTokens: 50, usd: 0.3 },
        { provider: 'openai', model: 'gpt-4', jobs: 0, inputTokens: 0, usd: 0.1 },
      ],
    })
    const metrics = await (await fetch(`${url}/metrics`)).text()
    expect(metrics).toMatch(/promptlab_jobs_ended_total\{provider="anthropic",.*status="completed"\} 1/)
    expect(metrics).toMatch(/promptlab_provider_errors_total\{provider="openai",code="provider-malformed"\} 1/)
    expect(metrics).toMatch(/promptlab_cost_usd_total\{provider="openai",.*priced="estimated"\} 0.1/)
  })
})

describe('a fallback that cannot be asked', () => {
  it.each([
    [
      'is not there',
      { provider: 'nobody', model: 'm' },
      {},
      'unknown-provider',
      'fallbacks[0].provider',
      /no provider/,
    ],
    [
      'is not configured',
      { provider: 'gemini', model: 'gemini-3.5-flash' },
      {},
      'invalid-request',
      'fallbacks[0].provider',
      /GEMINI/,
    ],
    ['has no such model', { provider: 'echo', model: 'm' }, {}, 'unknown-model', 'fallbacks[0].model', /no model "m"/],
    [
      'cannot keep an option',
      CLAUDE,
      { options: { seed: 1 } },
      'unsupported-option',
      'fallbacks[0]',
      /^anthropic cannot keep options.seed$/,
    ],
    [
      'is the model itself',
      { provider: 'openai', model: 'gpt-4' },
      {},
      'invalid-request',
      'fallbacks[0]',
      /asked before/,
    ],
    [
      'takes no messages',
      { provider: 'echo', model: 'echo' },
      {
        prompt: undefined,
        messages: [{ role: 'user', content: [{ type: 'image', mediaType: 'image/png', data: 'AAAA' }] }],
      },
      'unsupported-option',
      'fallbacks[0]',
      /echo takes no images \(messages\[0\]\.content\[0\]\)/,
    ],
  ])('because it %s is refused with its path', async (_, fallback, more, code, path, message) => {
    const { url, first } = await startTwoVendors()
    const response = await postJob(url, { ...OPENAI, ...more, fallbacks: [fallback] })
    const problem = await problemOf(response)
    expect(problem).toMatchObject({ status: 400, code })
    expect(problem.errors?.[0]).toEqual({ path, message: expect.stringMatching(message) })
    expect(problem.detail).toContain(path)
    expect(first.requests).toBe(0)
  })
})

describe('FALLBACKS_FILE', () => {
  const withFile = async () =>
    startTwoVendors({
      FALLBACKS_FILE: await jsonFile('fallbacks.json', { 'openai/gpt-4': [`anthropic/${CLAUDE.model}`, 'gemini/g'] }),
    })

  it('names the fallbacks of requests that name none, without those that cannot be asked', async () => {
    const { url, first, second } = await withFile()
    first.respondWith((exchange) => exchange.fail(401))
    const { id } = await createJob(url, OPENAI)
    answer(await second.nextRequest())
    expect(await endedJob(url, id)).toMatchObject({ status: 'completed', fallbacks: [CLAUDE] })
  })

  it('is not used for options that a fallback cannot keep, nor for a request that wants none', async () => {
    const { url, first, second } = await withFile()
    first.respondWith((exchange) => exchange.fail(401))
    for (const more of [{ options: { seed: 1 } }, { fallbacks: [] }]) {
      const { id } = await createJob(url, { ...OPENAI, ...more })
      const job = await endedJob(url, id)
      expect(job).toMatchObject({ status: 'failed', error: { code: 'provider-auth' } })
      expect(job).not.toHaveProperty('fallbacks')
    }
    expect(second.requests).toBe(0)
  })
})

describe('a conversation behind the answer of a fallback', () => {
  it('gives what a vendor wants back to the vendor that answered, and to no other', async () => {
    const { url, first, second } = await startTwoVendors()
    first.respondWith((exchange) => exchange.fail(401))
    const { id } = await createJob(url, ASKED)
    const exchange = await second.nextRequest()
    exchange.sendCarried({ type: 'reasoning', text: 'Hm', carry: 'signature-of-anthropic' })
    answer(exchange)
    await endedJob(url, id)

    const next = await createJob(url, { ...CLAUDE, prompt: 'Go on', previousJobId: id })
    const toAnthropic = await second.nextRequest()
    expect(JSON.stringify(toAnthropic.body)).toContain('signature-of-anthropic')
    answer(toAnthropic)
    await endedJob(url, next.id)

    const bodies: string[] = []
    first.respondWith((asked) => {
      bodies.push(JSON.stringify(asked.body))
      answer(asked)
    })
    const other = await createJob(url, { ...OPENAI, prompt: 'Go on', previousJobId: id })
    await endedJob(url, other.id)
    expect(bodies[0]).toContain('From the second')
    expect(bodies[0]).not.toContain('signature-of-anthropic')
  })
})
