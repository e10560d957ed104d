import { setTimeout as sleep } from 'node:timers/promises'
import { BudgetReport, type FinalJob, isFinal, Job, JobPage, UsageReport } from '@promptlab/contract'
import { expect } from 'vitest'
import { billionthsOf } from '../../src/jobs/usage/billionths.ts'
import { BilledVendor, PRICES, TOKEN_PRICES } from './billed-vendor.ts'
import { jsonFile } from './json-file.ts'
import type { Random } from './random.ts'
import { ServerProcess } from './server-process.ts'

/** Callers with their budgets. The last one has none. */
const BUDGETS = {
  ann: { dayUsd: 1.2, jobUsd: 0.15 },
  bob: { dayUsd: 4, monthUsd: 3, jobUsd: 0.1 },
  cid: { monthUsd: 100, jobUsd: 0.4 },
}
const CALLERS = [...Object.keys(BUDGETS), 'dee']
const keyOf = (caller: string) => `key-of-${caller}-0123456789abcdef`

/** How wrong the tokens of an input are estimated. */
const INPUT_ERROR = 20 * TOKEN_PRICES.input
/** An input as a whole: the call of a job that was ended may not have reached its vendor. */
const INPUT = 40 * TOKEN_PRICES.input
/** How long a vendor may say tokens that are not read any more, on a busy machine. */
const UNREAD_MS = 400
/** The text that a crash may take back is no older than this. */
const LOST_MS = 1_500
/** What an interrupted job counts with that has no checkpoint, see `interruptedMetrics`. */
const UNSAID_TOKENS = 25

interface Storm {
  readonly store: string
  /** How many jobs are made at least; requests that are refused do not count. */
  readonly jobs: number
  readonly requestsPerRound: number
  /** Whether the server is killed at the end of each round. */
  readonly kills: boolean
  readonly random: Random
}

interface Asked {
  readonly caller: string
  readonly prompt: string
  /** How wrong the cost may be, in billionths. Undefined until the record was read. */
  error?: number
}

/** What happened in a storm. */
interface Outcome {
  readonly jobs: number
  readonly refused: number
  /** How often the server was killed. */
  readonly killed: number
  readonly statuses: Readonly<Record<string, number>>
  /** In billionths of a US dollar. */
  readonly bill: number
  readonly ledger: number
}

/**
 * Random jobs of several callers, some with budgets, that are cancelled, deleted and cut off by crashes, of a vendor that keeps
 * its own bill. Checks that no budget is ever passed, and in the end that the ledger is the bill.
 */
export async function budgetStorm({ store, jobs, requestsPerRound, kills, random }: Storm): Promise<Outcome> {
  const vendor = await BilledVendor.start(random)
  const env = await environment(store, vendor.url)
  const statuses: Record<string, number> = {}
  const asked = new Map<string, Asked>()
  let refused = 0
  let server = await ServerProcess.start(env)

  const noteEnd = (job: FinalJob): void => {
    const found = asked.get(job.id)
    if (!found || found.error !== undefined) return
    const end = job.status === 'failed' ? job.error.code : job.status
    statuses[end] = (statuses[end] ?? 0) + 1
    found.error = checkCost(job, found, vendor)
  }

  let killed = 0
  for (let round = 0; asked.size < jobs; round++) {
    const { url } = server
    const clients = Array.from({ length: requestsPerRound }, async (_, index) => {
      await sleep(random.below(400))
      const caller = CALLERS[random.below(CALLERS.length)] ?? ''
      const prompt = `${caller} ${round}-${index} ${'ask '.repeat(random.below(20))}`
      const response = await call(url, caller, '/jobs', randomBody(prompt, random))
      if (response.status === 402) refused++
      else await useJob(url, caller, prompt, Job.parse(await response.json()))
    })
    const useJob = async (url: string, caller: string, prompt: string, { id }: Job): Promise<void> => {
      asked.set(id, { caller, prompt })
      if (random.below(5) === 0) {
        await sleep(random.below(150))
        await call(url, caller, `/jobs/${id}/cancel`, {})
      }
      const job = await endOf(url, caller, id)
      noteEnd(job)
      if (random.below(3) > 0) return
      await fetch(`${url}/jobs/${id}`, { method: 'DELETE', headers: headersOf(caller) })
    }
    const over = Promise.allSettled(clients)
    const watching = watchBudgets(url, over)
    if (kills) {
      await Promise.race([over, sleep(random.below(3_000))])
      await server.kill()
      killed++
      await Promise.all([over, watching])
      server = await ServerProcess.start(env)
    } else {
      const failed = (await over).find((each) => each.status === 'rejected')
      if (failed) throw failed.reason
      await watching
    }
    await checkBudgets(server.url)
  }
  for (const { id, caller } of await allJobs(server.url))
    if (!asked.has(id)) asked.set(id, { caller, prompt: (await endOf(server.url, caller, id)).prompt })
  for (const [id, { caller, error }] of asked)
    if (error === undefined) noteEnd(await endOf(server.url, caller, id, true))
  const { bill, ledger } = await compare(server.url, asked, vendor)
  return { jobs: asked.size, refused, killed, statuses, bill, ledger }
}

async function environment(store: string, vendorUrl: string): Promise<Record<string, string>> {
  return {
    PRICES_FILE: await jsonFile('prices.json', PRICES),
    BUDGETS_FILE: await jsonFile('budgets.json', BUDGETS),
    DATABASE_URL: store,
    OPENAI_API_KEY: 'key',
    OPENAI_BASE_URL: vendorUrl,
    OPENAI_MODELS: 'gpt-4,mini',
    API_KEYS: CALLERS.map((caller) => `${caller}:${keyOf(caller)}`).join(','),
    RATE_LIMIT_PER_MINUTE: '0',
    MAX_CONCURRENT_JOBS: '24',
    LOG_LEVEL: 'silent',
  }
}

/** All jobs that are there, also those whose creation was answered by nobody, because the server was killed. */
async function allJobs(url: string): Promise<{ id: string; caller: string }[]> {
  const found: { id: string; caller: string }[] = []
  for (const caller of CALLERS) {
    for (let cursor: string | null = ''; cursor !== null; ) {
      const path = `/jobs?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`
      const page = JobPage.parse(await (await fetch(url + path, { headers: headersOf(caller) })).json())
      found.push(...page.data.map(({ id }) => ({ id, caller })))
      cursor = page.nextCursor
    }
  }
  return found
}

function randomBody(prompt: string, random: Random): object {
  const limits = [
    {},
    { options: { maxTokens: 1 + random.below(60) } },
    { maxCostUsd: 0.06 + random.next() / 5 },
    { maxCostUsd: 0.1, options: { maxTokens: 1 + random.below(60) } },
  ]
  const fallbacks = random.below(4) === 0 && { fallbacks: [{ provider: 'openai', model: 'mini' }] }
  return { provider: 'openai', model: 'gpt-4', prompt, ...limits[random.below(limits.length)], ...fallbacks }
}

function headersOf(caller: string): Record<string, string> {
  return { authorization: `Bearer ${keyOf(caller)}` }
}

function call(url: string, caller: string, path: string, body: object): Promise<Response> {
  const headers = { ...headersOf(caller), 'content-type': 'application/json' }
  return fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) })
}

/** @param mayBeGone whether a deletion may have been on its way when the server was killed */
async function endOf(url: string, caller: string, id: string, mayBeGone = false): Promise<FinalJob> {
  for (;;) {
    await (await fetch(`${url}/jobs/${id}/stream`, { headers: headersOf(caller) })).text()
    const response = await fetch(`${url}/jobs/${id}`, { headers: headersOf(caller) })
    if (mayBeGone) expect(response.status, id).toBe(200)
    const job = Job.parse(await response.json())
    if (isFinal(job)) return job
  }
}

/**
 * Checks that the cost of a job is what the vendor billed, as exactly as the job says.
 * @returns how wrong it may be, in billionths
 */
function checkCost(job: FinalJob, { prompt }: Asked, vendor: BilledVendor): number {
  const { cost = { usd: 0, priced: 'exact' } } = job.metrics
  const calls = vendor.callsOf(prompt)
  const isWhole = job.status === 'completed'
  const isCrash = job.status === 'failed' && job.error.code === 'interrupted'
  const unreadMs = isCrash ? LOST_MS : UNREAD_MS
  // A job whose process died may count with the tokens of a call that never arrived.
  const unsaid = isCrash && calls.length === 0 ? UNSAID_TOKENS : 0
  const unread = isWhole ? 0 : calls.reduce((sum, { paceMs }) => sum + Math.ceil(unreadMs / paceMs), unsaid)
  // Nobody tells of what a vendor thought unseen in a call that did not come to its end.
  const hidden = isWhole ? 0 : calls.reduce((sum, { hiddenTokens }) => sum + hiddenTokens, 0)
  const inputs = calls.length * INPUT_ERROR + (isWhole ? 0 : INPUT)
  const error = cost.priced === 'exact' ? 0 : inputs + (unread + hidden) * TOKEN_PRICES.output
  const difference = billionthsOf(cost.usd ?? Number.NaN) - vendor.costOf([prompt])
  expect(Math.abs(difference), `${prompt}: ${JSON.stringify([job, calls])}`).toBeLessThanOrEqual(error)
  return error
}

/** Reads the budgets all the time, as long as the server lives. */
async function watchBudgets(url: string, over: Promise<unknown>): Promise<void> {
  let isOver = false
  over.then(() => {
    isOver = true
  })
  while (!isOver) {
    const alive = await fetch(`${url}/health/live`).catch(() => undefined)
    if (!alive) return
    await checkBudgets(url).catch((error: unknown) => {
      // The server may be killed meanwhile.
      if (!(error instanceof TypeError)) throw error
    })
    await sleep(20)
  }
}

/** No budget is passed: what is spent and what is reserved fit together. */
async function checkBudgets(url: string): Promise<void> {
  for (const caller of Object.keys(BUDGETS)) {
    const response = await fetch(`${url}/budget`, { headers: headersOf(caller) })
    const { data } = BudgetReport.parse(await response.json())
    expect(data.length).toBeGreaterThan(0)
    for (const { limitUsd, spentUsd, reservedUsd } of data)
      expect(billionthsOf(spentUsd) + billionthsOf(reservedUsd), caller).toBeLessThanOrEqual(billionthsOf(limitUsd))
  }
}

/** Compares the ledger of each caller with the vendor's bill. Nothing is reserved any more. */
async function compare(url: string, asked: ReadonlyMap<string, Asked>, vendor: BilledVendor) {
  let [bill, ledger] = [0, 0]
  for (const caller of CALLERS) {
    const jobs = [...asked.values()].filter((job) => job.caller === caller)
    const report = UsageReport.parse(await (await fetch(`${url}/usage`, { headers: headersOf(caller) })).json())
    const spent = report.data.reduce((sum, { usd = 0 }) => sum + billionthsOf(usd), 0)
    // Also prompts whose answer to the creation was lost.
    const billed = vendor.costOf([...vendor.bill.keys()].filter((prompt) => prompt.startsWith(`${caller} `)))
    const error = jobs.reduce((sum, job) => sum + (job.error ?? 0), 0)
    expect(Math.abs(spent - billed), `${caller}: spent ${spent}, billed ${billed}`).toBeLessThanOrEqual(error)
    bill += billed
    ledger += spent
    const { data } = BudgetReport.parse(await (await fetch(`${url}/budget`, { headers: headersOf(caller) })).json())
    for (const { reservedUsd } of data) expect(reservedUsd, 'nothing leaks').toBe(0)
  }
  return { bill, ledger }
}
