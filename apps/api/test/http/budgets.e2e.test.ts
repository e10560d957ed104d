import { BudgetReport, Job } from '@promptlab/contract'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ANN, ApiKeyServer, BOB, ECHO } from '../support/api-key-server.ts'
import { problemOf } from '../support/job-client.ts'
import { jsonFile } from '../support/json-file.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath } from '../support/test-server.ts'
import { OPENAI, PATIENT } from '../support/vendor-server.ts'

/** A dollar a thousand tokens of input, two dollars a thousand of output. */
const PRICES = { openai: { 'gpt-4': { input: 1_000, output: 2_000 } } }
const BUDGETS = { ann: { dayUsd: 1, monthUsd: 20, jobUsd: 0.3 } }
const IMAGE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='

interface Started {
  readonly store?: string
  readonly budgets?: object
  readonly env?: Record<string, string>
}

async function startBudgeted({ store, budgets = BUDGETS, env = {} }: Started = {}) {
  const vendor = await startOpenAIVendor()
  onTestFinished(() => vendor.close())
  const server = await ApiKeyServer.start({
    env: {
      OPENAI_API_KEY: 'key',
      OPENAI_BASE_URL: vendor.url,
      OPENAI_MODELS: '*',
      PRICES_FILE: await jsonFile('prices.json', PRICES),
      BUDGETS_FILE: await jsonFile('budgets.json', budgets),
      ...(store !== undefined && { DATABASE_URL: store }),
      ...env,
    },
    config: { run: PATIENT },
  })
  return { server, vendor }
}

async function budgetOf(server: ApiKeyServer, key = ANN) {
  return BudgetReport.parse(await (await server.call(key, '/budget')).json()).data
}

/** What is spent, reserved and left of the first limit. */
async function standing(server: ApiKeyServer, key = ANN) {
  const [row] = await budgetOf(server, key)
  return row && [row.spentUsd, row.reservedUsd, row.leftUsd]
}

async function created(server: ApiKeyServer, body: object = OPENAI, key = ANN): Promise<Job> {
  const response = await server.post(key, body)
  expect(response.status).toBe(202)
  return Job.parse(await response.json())
}

async function ended(server: ApiKeyServer, { id }: Job): Promise<Job> {
  await (await server.call(ANN, `/jobs/${id}/stream`)).text()
  return Job.parse(await (await server.call(ANN, `/jobs/${id}`)).json())
}

describeBudgets('a JSON file', newStorePath)
describeBudgets('SQLite', async () => `sqlite:${await newStorePath()}`)
await withPostgres((newDatabase) => describeBudgets('PostgreSQL', newDatabase))

function describeBudgets(name: string, newStore: () => Promise<string>): void {
  describe(`a budget on ${name}`, () => {
    it('is reserved by a job until it ends, and spent by what it cost', async () => {
      const { server, vendor } = await startBudgeted({ store: await newStore() })
      expect(await standing(server)).toEqual([0, 0, 1])
      const job = await created(server)
      expect(await standing(server)).toEqual([0, 0.3, 0.7])
      const exchange = await vendor.nextRequest()
      // 11 thousandths are for the input.
      expect(exchange.request.maxTokens).toBe(144)
      exchange.sendToken('Hi')
      exchange.finish({ usage: { inputTokens: 10, outputTokens: 20 } })
      expect(await ended(server, job)).toMatchObject({ status: 'completed' })
      expect(await standing(server)).toEqual([0.05, 0, 0.95])
      await server.call(ANN, `/jobs/${job.id}`, { method: 'DELETE' })
      expect(await standing(server), 'what was spent outlives the job').toEqual([0.05, 0, 0.95])
      expect((await budgetOf(server)).map(({ period, limitUsd, spentUsd }) => [period, limitUsd, spentUsd])).toEqual([
        ['day', 1, 0.05],
        ['month', 20, 0.05],
      ])
    })

    it('takes no more jobs than it can pay, however many come at once', async () => {
      const { server } = await startBudgeted({ store: await newStore() })
      const responses = await Promise.all(Array.from({ length: 20 }, () => server.post(ANN, OPENAI)))
      expect(responses.filter(({ status }) => status === 202)).toHaveLength(3)
      const refused = responses.filter(({ status }) => status === 402)
      expect(refused).toHaveLength(17)
      expect(await standing(server)).toEqual([0, 0.9, 0.1])
      const [first] = refused
      const problem = first && (await problemOf(first))
      expect(problem).toMatchObject({ code: 'budget-exceeded', status: 402 })
      expect(problem?.detail).toContain('$0.3')
      expect(problem?.detail).toContain('of your $1 a day is left')
    })

    it('counts a job that was cancelled or stopped with what it is estimated to have cost', async () => {
      const { server, vendor } = await startBudgeted({ store: await newStore() })
      const job = await created(server)
      const exchange = await vendor.nextRequest()
      for (let index = 0; index < 200; index++) exchange.sendToken('x')
      await exchange.closed
      expect(await ended(server, job)).toMatchObject({ status: 'failed', error: { code: 'budget-exceeded' } })
      expect(await standing(server)).toEqual([0.3, 0, 0.7])
      const next = await created(server)
      const begun = await vendor.nextRequest()
      begun.sendToken('x')
      await server.call(ANN, `/jobs/${next.id}/cancel`, { method: 'POST' })
      const [spent = 0, reserved] = (await standing(server)) ?? []
      expect(spent).toBeGreaterThan(0.3)
      expect(spent).toBeLessThanOrEqual(0.304)
      expect(reserved).toBe(0)
    })

    it('is given back by a job that waits and is cancelled', async () => {
      const env = { MAX_CONCURRENT_JOBS: '1' }
      const { server, vendor } = await startBudgeted({ store: await newStore(), env })
      await created(server)
      await vendor.nextRequest()
      const waiting = await created(server)
      expect(await standing(server)).toEqual([0, 0.6, 0.4])
      await server.call(ANN, `/jobs/${waiting.id}/cancel`, { method: 'POST' })
      expect(await standing(server)).toEqual([0, 0.3, 0.7])
    })

    it('is not reserved twice by a repeat with the same idempotency key', async () => {
      const { server } = await startBudgeted({ store: await newStore() })
      const key = { 'idempotency-key': 'order-1' }
      const responses = await Promise.all(Array.from({ length: 10 }, () => server.post(ANN, OPENAI, key)))
      expect(responses.every(({ ok }) => ok)).toBe(true)
      expect(await standing(server)).toEqual([0, 0.3, 0.7])
    })
  })
}

describe('a caller with a budget', () => {
  it('reserves what options.maxTokens may cost, with room for the estimate, or a smaller maxCostUsd', async () => {
    const { server, vendor } = await startBudgeted()
    const limited = await created(server, { ...OPENAI, options: { maxTokens: 100 } })
    // 19 tokens of input, the options among them, and 150 of output.
    expect(await standing(server)).toEqual([0, 0.319, 0.681])
    const exchange = await vendor.nextRequest()
    expect(exchange.request.maxTokens).toBe(100)
    // Long words: the estimate is 125 tokens.
    for (let index = 0; index < 25; index++) exchange.sendToken('abcdefghijklmnopqrst')
    exchange.finish({ reason: 'length', usage: { inputTokens: 10, outputTokens: 100 } })
    expect(await ended(server, limited)).toMatchObject({ status: 'completed', metrics: { finishReason: 'length' } })
    await created(server, { ...OPENAI, options: { maxTokens: 100 }, maxCostUsd: 0.15 })
    expect(await standing(server)).toEqual([0.21, 0.15, 0.64])
  })

  it('spends it also where nobody knows the cost: an image counts with its most', async () => {
    const { server, vendor } = await startBudgeted({ budgets: { ann: { dayUsd: 100, jobUsd: 10 } } })
    const content = [{ type: 'image', mediaType: 'image/png', data: IMAGE }]
    const body = { provider: 'openai', model: 'gpt-4', messages: [{ role: 'user', content }] }
    const job = await created(server, body)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('A dot')
    exchange.finish()
    expect(await ended(server, job)).toMatchObject({ metrics: { cost: { usd: 5.004, priced: 'estimated' } } })
    expect(await standing(server)).toEqual([5.004, 0, 94.996])
  })

  it('uses free providers without any of it', async () => {
    const { server } = await startBudgeted({ budgets: { ann: { dayUsd: 0 } } })
    await created(server, ECHO)
    expect(await standing(server)).toEqual([0, 0, 0])
    expect((await server.post(ANN, OPENAI)).status).toBe(402)
  })

  it('is refused models without a price, and gets no fallbacks of the operator that have none', async () => {
    const fallbacks = { 'openai/gpt-4': ['openai/unpriced', 'echo/echo'] }
    const env = { FALLBACKS_FILE: await jsonFile('fallbacks.json', fallbacks) }
    const { server } = await startBudgeted({ env })
    const unpriced = { ...OPENAI, model: 'unpriced' }
    expect(await problemOf(await server.post(ANN, unpriced))).toMatchObject({ code: 'unpriced-model', status: 400 })
    expect((await server.post(BOB, unpriced)).status, 'others may use it').toBe(202)
    expect(await created(server)).toMatchObject({ fallbacks: [{ provider: 'echo', model: 'echo' }] })
  })

  it('is one caller with all of its keys, and * is a budget for each of the others', async () => {
    const { server } = await startBudgeted({ budgets: { '*': { monthUsd: 1 } } })
    await created(server, OPENAI, ANN)
    // A tenth of the limit.
    expect(await standing(server, ANN)).toEqual([0, 0.1, 0.9])
    expect(await standing(server, BOB)).toEqual([0, 0, 1])
  })

  it('sees its own budget only, and without one an empty list', async () => {
    const { server } = await startBudgeted()
    await created(server)
    expect(await budgetOf(server, BOB)).toEqual([])
    expect((await server.call(undefined, '/budget')).status).toBe(401)
  })

  it('is counted in the metrics when it is refused', async () => {
    const key = 'key-of-metrics-0123456789'
    const { server } = await startBudgeted({ budgets: { ann: { dayUsd: 0 } }, env: { METRICS_KEY: key } })
    await server.post(ANN, OPENAI)
    await server.post(ANN, { ...OPENAI, model: 'unpriced' })
    const metrics = await (await server.call(key, '/metrics')).text()
    expect(metrics).toContain('promptlab_budget_refusals_total{reason="budget-exceeded"} 1')
    expect(metrics).toContain('promptlab_budget_refusals_total{reason="unpriced-model"} 1')
  })
})
