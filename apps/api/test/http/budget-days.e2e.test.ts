import { BudgetReport, Job } from '@promptlab/contract'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { ANN, ApiKeyServer } from '../support/api-key-server.ts'
import { jsonFile } from '../support/json-file.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath } from '../support/test-server.ts'
import { OPENAI, PATIENT } from '../support/vendor-server.ts'

/** A dollar a thousand tokens of input, two dollars a thousand of output. */
const PRICES = { openai: { 'gpt-4': { input: 1_000, output: 2_000 } } }
const BUDGETS = { ann: { dayUsd: 1, monthUsd: 1.5, jobUsd: 0.6 } }
const LAST_DAY = '2026-11-30'

/** A server on the last day of a month, a second before midnight. */
async function startAtNight(store: string) {
  const vendor = await startOpenAIVendor()
  onTestFinished(() => vendor.close())
  const time = { ms: Date.parse(`${LAST_DAY}T23:59:59Z`) }
  const server = await ApiKeyServer.start({
    env: {
      DATABASE_URL: store,
      OPENAI_API_KEY: 'key',
      OPENAI_BASE_URL: vendor.url,
      PRICES_FILE: await jsonFile('prices.json', PRICES),
      BUDGETS_FILE: await jsonFile('budgets.json', BUDGETS),
    },
    config: { run: PATIENT },
    clock: { ...systemClock, now: () => time.ms },
  })
  return { vendor, server, time }
}

/** The day of the first limit, and what is spent and reserved of each. */
async function standing(server: ApiKeyServer) {
  const { data } = BudgetReport.parse(await (await server.call(ANN, '/budget')).json())
  return [data[0]?.from, ...data.map(({ spentUsd, reservedUsd }) => [spentUsd, reservedUsd])]
}

const create = async (server: ApiKeyServer) => Job.parse(await (await server.post(ANN, OPENAI)).json())

async function completed(server: ApiKeyServer, { id }: Job): Promise<void> {
  await (await server.call(ANN, `/jobs/${id}/stream`)).text()
}

describeDays('a JSON file', newStorePath)
describeDays('SQLite', async () => `sqlite:${await newStorePath()}`)
await withPostgres((newDatabase) => describeDays('PostgreSQL', newDatabase))

function describeDays(name: string, newStore: () => Promise<string>): void {
  describe(`a budget over midnight on ${name}`, () => {
    it('has a job that runs then in both days and months, and its cost in those of its end', async () => {
      const { vendor, server, time } = await startAtNight(await newStore())
      const before = await create(server)
      const first = await vendor.nextRequest()
      first.sendToken('Hi')
      first.finish({ usage: { inputTokens: 100, outputTokens: 100 } })
      await completed(server, before)
      expect(await standing(server)).toEqual([LAST_DAY, [0.3, 0], [0.3, 0]])
      const over = await create(server)
      const second = await vendor.nextRequest()
      expect((await server.post(ANN, OPENAI)).status, 'the day is full').toBe(402)
      time.ms += 1_000
      expect(await standing(server)).toEqual(['2026-12-01', [0, 0.6], [0, 0.6]])
      expect((await server.post(ANN, OPENAI)).status, 'the job of yesterday still holds its share').toBe(402)
      second.sendToken('Hi')
      second.finish({ usage: { inputTokens: 50, outputTokens: 25 } })
      await completed(server, over)
      expect(await standing(server)).toEqual(['2026-12-01', [0.1, 0], [0.1, 0]])
      expect((await server.post(ANN, OPENAI)).status).toBe(202)
      time.ms -= 1_000
      expect(await standing(server), 'the clock was set back').toEqual([LAST_DAY, [0.3, 0.6], [0.3, 0.6]])
    })
  })
}

describe('a budget', () => {
  it.each(['JSON', 'SQLite'])('counts jobs that the retention has removed: %s', async (store) => {
    const path = await newStorePath()
    const { vendor, server, time } = await startAtNight(store === 'JSON' ? path : `sqlite:${path}`)
    const job = await create(server)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Hi')
    exchange.finish({ usage: { inputTokens: 100, outputTokens: 100 } })
    await completed(server, job)
    const later = time.ms + 1_000
    expect(await server.jobs.deleteExpired({ endedBefore: later, endedLongBefore: later }, 100)).toBe(1)
    expect(await server.idsOf(ANN)).toEqual([])
    expect(await standing(server)).toEqual([LAST_DAY, [0.3, 0], [0.3, 0]])
  })
})
