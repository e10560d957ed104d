import { BudgetReport, Job } from '@promptlab/contract'
import { type Exchange, startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ANN, ApiKeyServer } from '../support/api-key-server.ts'
import { jsonFile } from '../support/json-file.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath } from '../support/test-server.ts'
import { OPENAI, PATIENT } from '../support/vendor-server.ts'

/** A dollar a thousand tokens of input, two dollars a thousand of output. */
const PRICES = { openai: { 'gpt-4': { input: 1_000, output: 2_000 } } }
const BUDGETS = { ann: { dayUsd: 100, jobUsd: 1 } }
/** What the answer of these vendors costs, by the server's own count: 2 tokens of input and 3 of output. */
const ESTIMATED = { usd: 0.008, priced: 'estimated' }

async function startBudgeted(store: string) {
  const vendor = await startOpenAIVendor()
  onTestFinished(() => vendor.close())
  const start = async () =>
    await ApiKeyServer.start({
      env: {
        OPENAI_API_KEY: 'key',
        OPENAI_BASE_URL: vendor.url,
        DATABASE_URL: store,
        PRICES_FILE: await jsonFile('prices.json', PRICES),
        BUDGETS_FILE: await jsonFile('budgets.json', BUDGETS),
      },
      config: { run: PATIENT },
    })
  return { vendor, start }
}

async function answered(server: ApiKeyServer, respond: () => Promise<void>): Promise<Job> {
  const { id } = Job.parse(await (await server.post(ANN, OPENAI)).json())
  await respond()
  await (await server.call(ANN, `/jobs/${id}/stream`)).text()
  return Job.parse(await (await server.call(ANN, `/jobs/${id}`)).json())
}

async function standing(server: ApiKeyServer) {
  const { data } = BudgetReport.parse(await (await server.call(ANN, '/budget')).json())
  return data.map(({ spentUsd, reservedUsd }) => [spentUsd, reservedUsd])
}

/** Three tokens, and a usage in the words of the vendor. */
function finishWith(exchange: Exchange, usage: object): void {
  for (const text of ['a', 'b', 'c']) exchange.sendToken(text)
  const end = { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }], usage }
  exchange.sendRaw(`data: ${JSON.stringify(end)}\n\ndata: [DONE]\n\n`)
  exchange.end()
}

describeLies('a JSON file', newStorePath)
describeLies('SQLite', async () => `sqlite:${await newStorePath()}`)
await withPostgres((newDatabase) => describeLies('PostgreSQL', newDatabase))

function describeLies(name: string, newStore: () => Promise<string>): void {
  describe(`a job whose vendor lies, on ${name}`, () => {
    it.each([
      ['a cost that no number holds', { prompt_tokens: 5, completion_tokens: 3, cost: 1e300 }],
      ['a cost that no ledger holds', { prompt_tokens: 5, completion_tokens: 3, cost: 1e10 }],
    ])('ends with the cost of its tokens after %s, and its store opens again', async (_, usage) => {
      const { vendor, start } = await startBudgeted(await newStore())
      const server = await start()
      const job = await answered(server, async () => finishWith(await vendor.nextRequest(), usage))
      expect(job).toMatchObject({ status: 'completed', metrics: { cost: { usd: 0.011, priced: 'exact' } } })
      expect(await standing(server)).toEqual([[0.011, 0]])
      await server.app.close()
      expect(await standing(await start())).toEqual([[0.011, 0]])
    })

    it.each([
      ['nothing', { prompt_tokens: 0, completion_tokens: 0 }],
      ['more tokens than there are', { prompt_tokens: 9e15, completion_tokens: 9e15 }],
      ['numbers that are no counts', { prompt_tokens: -1, completion_tokens: 0.5, cost: -1 }],
    ])('costs what the server counts if the vendor counts %s', async (_, usage) => {
      const { vendor, start } = await startBudgeted(await newStore())
      const server = await start()
      const job = await answered(server, async () => finishWith(await vendor.nextRequest(), usage))
      expect(job).toMatchObject({ status: 'completed', metrics: { cost: ESTIMATED } })
      expect(await standing(server)).toEqual([[0.008, 0]])
    })
  })
}
