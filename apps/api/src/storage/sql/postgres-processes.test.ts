import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished, vi } from 'vitest'
import { aDoorJob } from '../../../test/contracts/describe-door-jobs.ts'
import { aJob } from '../../../test/contracts/stored-job.ts'
import { CuttableProxy } from '../../../test/support/cuttable-proxy.ts'
import { ServerProcess } from '../../../test/support/server-process.ts'
import { runSql, withPostgres } from '../../../test/support/test-postgres.ts'
import { type StoredPendingJob, startJob } from '../../jobs/job.ts'
import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'
import type { ClientState } from '../../jobs/ports/stored-values.ts'
import { openPostgresJobs, type PostgresOptions } from './open-postgres.ts'
import type { SqlJobRepository } from './sql-job-repository.ts'

const HOLDER = fileURLToPath(new URL('../../../test/support/postgres-store-process.ts', import.meta.url))
const REASONING = { type: 'reasoning', text: 'hm' } as const
const LEASE_MS = 120_000
const SHARED = {
  logger: { info: () => {}, warn: () => {} },
  shared: true,
  lease: { leaseMs: LEASE_MS, renewMs: 100 },
}

async function open(url: string, options: Partial<PostgresOptions> = {}): Promise<SqlJobRepository> {
  const jobs = await openPostgresJobs(url, { ...SHARED, ...options })
  onTestFinished(() => jobs.close())
  return jobs
}

/** Long before the lease of a process is over. */
const untilGone = (jobs: SqlJobRepository, processId: string) =>
  vi.waitUntil(async () => !(await jobs.isConnected(processId)), 20_000)

await withPostgres((newDatabase) => {
  it('a process that is killed is known to be gone at once, before its lease is over', async () => {
    const url = await newDatabase()
    const jobs = await open(url)
    const killed = await ServerProcess.spawnNode(['--conditions=@promptlab/source', HOLDER], { DATABASE_URL: url })
    const processId = await vi.waitUntil(() => /process (\S+) opened/.exec(killed.output)?.[1], 20_000)
    expect(await jobs.isConnected(processId)).toBe(true)
    await killed.kill()
    await untilGone(jobs, processId)
    expect(await jobs.isConnected(jobs.processId)).toBe(true)
  })

  it('several processes know of each other that they are connected, until their connections break', async () => {
    const url = await newDatabase()
    const proxy = await CuttableProxy.start(url)
    const [first, second, third] = [await open(url), await open(url), await open(proxy.url)]
    const ids = [first, second, third].map(({ processId }) => processId)
    expect(new Set(ids).size).toBe(3)
    for (const jobs of [first, second, third])
      expect(await Promise.all(ids.map((id) => jobs.isConnected(id)))).toEqual([true, true, true])
    proxy.cut()
    await untilGone(first, third.processId)
    expect(await first.isConnected(second.processId)).toBe(true)
    proxy.restore()
    await vi.waitUntil(() => first.isConnected(third.processId), 20_000)
  })

  it('a process whose connection with the locks ended is connected again as soon as it has taken them', async () => {
    const url = await newDatabase()
    const info = vi.fn()
    const [first, second] = [await open(url), await open(url, { logger: { info, warn: () => {} } })]
    await runSql(
      url,
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
      and database = (select oid from pg_database where datname = current_database())`,
    )
    await vi.waitUntil(() => info.mock.calls.flat().includes('took the lock of the job store again'), 20_000)
    expect(await first.isConnected(second.processId)).toBe(true)
  })

  it('a change of a client whose answer was lost succeeds when it is repeated, and no other change does', async () => {
    const proxy = await CuttableProxy.start(await newDatabase())
    const jobs = await open(proxy.url, { shared: false, answerWithinMs: 500 })
    const from = { process: 'one' }
    await jobs.insert(aDoorJob('a', { client: from }))
    const next = { client: { process: jobs.processId } }
    proxy.mute()
    await expect(jobs.replaceClient('a', next, from)).rejects.toThrow(StorageUnavailableError)
    proxy.cut()
    proxy.restore()
    // The cut may be noticed a little later.
    const outcomeOf = (state: ClientState) => jobs.replaceClient('a', state, from).catch(() => 'unavailable')
    await vi.waitUntil(async () => (await outcomeOf(next)) === true, 20_000)
    await vi.waitUntil(async () => (await outcomeOf({ ...next })) === false, 20_000)
    await vi.waitUntil(async () => (await outcomeOf(next)) === true, 20_000)
  })

  it.each<[string, number, StoredPendingJob]>([
    ['fallbacks', 3, { ...aJob('a'), fallbacks: [{ provider: 'openai', model: 'gpt' }] }],
    [
      'what vendors want back',
      2,
      { ...aJob('a'), carries: [{ message: 0, part: 0, provider: 'openai', json: '"x"' }] },
    ],
    ['earlier reasoning', 2, { ...aJob('a'), messages: [{ role: 'assistant', content: [REASONING] }] }],
    ['a time to be removed', 2, aDoorJob('a', { deleteAfter: '2026-11-27T10:00:00.000Z' })],
  ])(
    'a job with %s is started by no process of the version before, also if that one counted as gone',
    async (_, recordVersion, job) => {
      const url = await newDatabase()
      const [older, newer] = [await open(url, { recordVersion }), await open(url)]
      await newer.insert(job)
      await newer.insert(aDoorJob('plain', { door: { name: 'openai-chat' }, requestDigest: 'x' }))
      expect(await older.replace(startJob(job, 0), { status: 'pending' })).toBe(false)
      expect(await older.find('a')).toMatchObject({ status: 'pending' })
      expect(await newer.replace(startJob(job, 0), { status: 'pending' })).toBe(true)
      expect(await older.replace(startJob(aJob('plain'), 0), { status: 'pending' })).toBe(true)
    },
  )
})
