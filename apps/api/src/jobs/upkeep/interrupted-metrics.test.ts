import { expect, it } from 'vitest'
import { PriceTable } from '../../prices/price-table.ts'
import { newJob, type StoredRunningJob, startJob } from '../job.ts'
import { readOneByOne } from '../ports/read-one-by-one.ts'
import { interruptedMetrics } from './interrupted-metrics.ts'

/** A dollar a thousand tokens of input, two dollars a thousand of output. */
const prices = new PriceTable([{ name: 'openai', baseUrl: 'http://127.0.0.1:1' }], {
  openai: { own: { input: 1_000, output: 2_000 } },
})
const jobs = readOneByOne({ find: async () => undefined, findItem: async () => undefined })
/** One token. */
const REQUEST = { provider: 'openai', model: 'own', prompt: 'Hey!' }
const ONE_TOKEN_IN = 0.001
const A_TOKEN_OUT = 0.002
const DOLLAR = 1_000_000_000

/** A job that runs since a second, the first token of which came at once. */
function running(result: string, terms: { reserved?: number } = {}): StoredRunningJob {
  const job = startJob(newJob('a', REQUEST, 0, 'ann', terms), 0)
  return { ...job, result, metrics: { ...job.metrics, ttftMs: 0, durationMs: result === '' ? 0 : 1_000 } }
}

async function costOf(job: StoredRunningJob) {
  return (await interruptedMetrics(job, { jobs, prices })).cost?.usd
}

/** A hundred tokens by their length. */
const STORED = 'four'.repeat(100)

it.each([
  ['what was stored, without a reservation', running(STORED), ONE_TOKEN_IN + 100 * A_TOKEN_OUT],
  ['its input, without a reservation and without a checkpoint', running(''), ONE_TOKEN_IN],
  ['half a second more at its speed', running(STORED, { reserved: DOLLAR }), ONE_TOKEN_IN + 150 * A_TOKEN_OUT],
  ['25 tokens, without a checkpoint', running('', { reserved: DOLLAR }), ONE_TOKEN_IN + 25 * A_TOKEN_OUT],
  ['no more of a guess than it had left', running('', { reserved: 0.02 * DOLLAR }), 0.02],
  ['what was stored, if that is more than it had left', running(STORED, { reserved: 0.1 * DOLLAR }), 0.201],
])('a job whose process died counts with %s', async (_, job, usd) => {
  expect(await costOf(job)).toBeCloseTo(usd, 9)
})
