import { JobPage, type JobStatus } from '@promptlab/contract'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createJob } from '../support/job-client.ts'
import { programArguments, ServerProcess } from '../support/server-process.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath } from '../support/test-server.ts'

const JOBS = 200
const HEAP_MB = 60
/** A job has two of them. In memory those of all jobs take 40 MB, and the heap has 33 MB left beside the program. */
const LONG_TEXT = '😀'.repeat(25_000)
const LONG_JOB = { prompt: LONG_TEXT, provider: 'openai', model: 'gpt-4', options: { system: LONG_TEXT } }
const SLOTS = 4
const CLIENTS = 4

describe('a server whose waiting jobs have more text than its heap holds', async () => {
  bytesTest('a JSON file', newStorePath)
  bytesTest('SQLite', async () => `sqlite:${await newStorePath()}`)
  await withPostgres((newDatabase) => bytesTest('PostgreSQL', newDatabase))
})

function bytesTest(store: string, newStore: () => Promise<string>): void {
  const name = `takes them, lists them, starts again after it was killed, and runs them, on ${store}`
  it(name, { timeout: 120_000 }, async () => {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const release = Promise.withResolvers<void>()
    vendor.respondWith(async (exchange) => {
      await Promise.race([release.promise, exchange.closed])
      exchange.sendToken('Done')
      exchange.finish()
    })
    const env = {
      DATABASE_URL: await newStore(),
      OPENAI_API_KEY: 'key',
      OPENAI_BASE_URL: vendor.url,
      MAX_CONCURRENT_JOBS: `${SLOTS}`,
      MAX_CONCURRENT_JOBS_PER_PROVIDER: `${SLOTS}`,
      LOG_LEVEL: 'silent',
    }
    const start = () => ServerProcess.startNode([`--max-old-space-size=${HEAP_MB}`, ...programArguments('main')], env)

    const first = await start()
    await fromClients(JOBS, () => createJob(first.url, LONG_JOB))
    await first.kill()

    const second = await start()
    await fromClients(CLIENTS, async () => expect(await statuses(second.url)).toHaveLength(JOBS))
    release.resolve()
    const isNone = async (status: JobStatus) => (await page(second.url, `limit=1&status=${status}`)).data.length === 0
    await vi.waitUntil(async () => (await isNone('pending')) && (await isNone('running')), 60_000)
    const ended = await statuses(second.url)
    // Those that ran when the server was killed.
    expect(ended.filter((status) => status === 'failed')).toHaveLength(SLOTS)
    expect(ended.filter((status) => status === 'completed')).toHaveLength(JOBS - SLOTS)
  })
}

/** Makes so many calls, from several clients at once. */
async function fromClients(calls: number, call: () => Promise<unknown>): Promise<void> {
  let left = calls
  const clients = Array.from({ length: CLIENTS }, async () => {
    while (left-- > 0) await call()
  })
  await Promise.all(clients)
}

/** The statuses of all jobs. */
async function statuses(url: string): Promise<JobStatus[]> {
  const found: JobStatus[] = []
  let cursor: string | null = ''
  do {
    const { data, nextCursor }: JobPage = await page(url, `limit=100${cursor && `&cursor=${cursor}`}`)
    found.push(...data.map(({ status }) => status))
    cursor = nextCursor
  } while (cursor)
  return found
}

async function page(url: string, query: string): Promise<JobPage> {
  return JobPage.parse(await (await fetch(`${url}/jobs?${query}`)).json())
}
