/**
 * `node bench/src/store-figures.ts --postgres URL --redis URL`: builds the server and measures the figures of
 * docs/deployment.md. The database must be empty, and no other program may use the Redis.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { expectText, send } from './load/http-client.ts'
import { prepareVersions, type ServerVersion } from './processes/server-version.ts'
import { TaskProcess } from './processes/task-process.ts'
import { describeMachine, thisMachine } from './report/machine.ts'
import { quantile } from './report/statistics.ts'
import { markdownTable } from './report/table.ts'

const JOB = JSON.stringify({ prompt: 'Once upon a time there was a job', provider: 'echo', model: 'echo' })
const CLIENTS = 32
const WARM_UP_MS = 3_000
const MEASURED_MS = 10_000
const LONE_JOBS = 300
const Created = z.object({ id: z.string() })

/** Processes that share a store: their roles and their settings. */
interface Setup {
  readonly name: string
  readonly roles: readonly ('all' | 'api' | 'worker')[]
  readonly env: Readonly<Record<string, string>>
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { postgres: { type: 'string' }, redis: { type: 'string' } } })
  const { postgres, redis } = z.object({ postgres: z.string(), redis: z.string() }).parse(values)
  const cluster = { DATABASE_URL: postgres, REDIS_URL: redis }
  const setups: Setup[] = [
    { name: '`jobs.json`', roles: ['all'], env: {} },
    { name: 'SQLite', roles: ['all'], env: { DATABASE_URL: 'sqlite:jobs.db' } },
    { name: 'PostgreSQL', roles: ['all'], env: { DATABASE_URL: postgres } },
    { name: 'PostgreSQL, Redis: 1 api, 1 worker', roles: ['api', 'worker'], env: cluster },
    { name: 'PostgreSQL, Redis: 2 api, 2 workers', roles: ['api', 'api', 'worker', 'worker'], env: cluster },
  ]
  const versions = await prepareVersions()
  process.stdout.write(`${describeMachine({ ...thisMachine(versions), isPinned: false })}\n\n`)
  const rows: string[][] = []
  for (const version of versions) {
    for (const setup of setups) rows.push([setup.name, ...(await measure(version, setup))])
  }
  const head = ['', 'one client: POST p50 ms', 'p99', `${CLIENTS} clients: jobs/s`, 'POST p50 ms', 'p99']
  process.stdout.write(`${markdownTable(head, rows)}\n`)
}

async function measure({ nodeArguments, script }: ServerVersion, { roles, env }: Setup): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'promptlab-figures-'))
  await using processes = new AsyncDisposableStack()
  processes.defer(() => rm(folder, { recursive: true, force: true }))
  const urls: string[] = []
  for (const role of roles) {
    const settings = { PORT: '0', LOG_LEVEL: 'warn', ECHO_DELAY_MS: '0', ROLE: role, ...env }
    const process = new TaskProcess({ role: 'anywhere', nodeArguments, script, folder, env: settings })
    const server = processes.use(process)
    const url = await server.outputMatch(/listening on (http:\S+)/)
    if (role !== 'worker') urls.push(url)
  }
  await runClients(urls, WARM_UP_MS)
  const alone: number[] = []
  for (let count = 0; count < LONE_JOBS; count++) alone.push(await runJob(urls[0] ?? ''))
  const together = await runClients(urls, MEASURED_MS)
  const ms = (values: readonly number[], share: number) => quantile(values, share).toFixed(1)
  const rate = ((together.length * 1000) / MEASURED_MS).toFixed(0)
  return [ms(alone, 0.5), ms(alone, 0.99), rate, ms(together, 0.5), ms(together, 0.99)]
}

/** @returns the duration of each POST that was answered in time, in milliseconds */
async function runClients(urls: readonly string[], durationMs: number): Promise<number[]> {
  const end = performance.now() + durationMs
  const took: number[] = []
  const client = async (url: string) => {
    while (performance.now() < end) took.push(await runJob(url))
  }
  await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(urls[index % urls.length] ?? '')))
  return took
}

/** Posts a job and reads its stream to the end. @returns the duration of the POST, in milliseconds */
async function runJob(url: string): Promise<number> {
  const startedAt = performance.now()
  const created = await expectText(202, await send('POST', `${url}/jobs`, JOB))
  const tookMs = performance.now() - startedAt
  const { id } = Created.parse(JSON.parse(created))
  const stream = await expectText(200, await send('GET', `${url}/jobs/${id}/stream`))
  if (!stream.includes('event: metrics')) throw new Error(`The job did not complete: ${stream}`)
  return tookMs
}

await main()
