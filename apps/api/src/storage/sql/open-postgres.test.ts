import { isDeepStrictEqual } from 'node:util'
import { Client } from 'pg'
import { expect, it, onTestFinished, vi } from 'vitest'
import { describeJobRepository } from '../../../test/contracts/describe-job-repository.ts'
import { insertLongTexts, LISTED_TEXTS, listedTexts } from '../../../test/contracts/describe-listed-texts.ts'
import { aJob } from '../../../test/contracts/stored-job.ts'
import { CuttableProxy } from '../../../test/support/cuttable-proxy.ts'
import { runSql, withPostgres } from '../../../test/support/test-postgres.ts'
import { UnreachableError } from '../../base/unreachable-error.ts'
import { finishJob, startJob } from '../../jobs/job.ts'
import { StorageUnavailableError, UpgradeUnderWayError } from '../../jobs/ports/storage-errors.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { migratePostgres, openPostgresJobs, type PostgresOptions } from './open-postgres.ts'
import type { SqlJobRepository } from './sql-job-repository.ts'

const logger = { info: () => {}, warn: () => {} }
const EXCLUSIVE = { logger, shared: false, answerWithinMs: 500, freeWithinMs: 0 }
const SHARED = { logger, shared: true, freeWithinMs: 0, lease: { leaseMs: 600, renewMs: 100 } }

async function open(url: string, options: PostgresOptions): Promise<SqlJobRepository> {
  const jobs = await openPostgresJobs(url, options)
  onTestFinished(() => jobs.close())
  return jobs
}

const isHealthy = (jobs: SqlJobRepository) =>
  jobs.checkHealth().then(
    () => true,
    () => false,
  )

await withPostgres((newDatabase) => {
  for (const shared of [false, true]) {
    describeJobRepository(`SqlJobRepository on PostgreSQL, ${shared ? 'shared' : 'exclusive'}`, async () => {
      const url = await newDatabase()
      return { open: () => openPostgresJobs(url, { logger, shared }) }
    })
  }

  it('PostgreSQL gets its tables once when several servers start at once', async () => {
    const url = await newDatabase()
    const stores = await Promise.all([open(url, SHARED), open(url, SHARED), migratePostgres(url, { logger })])
    await stores[0].insert(aJob('a'))
    expect(await stores[1].find('a')).toEqual(aJob('a'))
    expect(await migratePostgres(url, { logger })).toEqual([])
  })

  it('PostgreSQL is refused to a second server, which is told the name of the first', async () => {
    const url = await newDatabase()
    const first = await open(url, EXCLUSIVE)
    const inUse = new RegExp(`^The job store postgres://.* is in use by promptlab process ${process.pid} on .*, since `)
    for (const options of [EXCLUSIVE, SHARED]) await expect(openPostgresJobs(url, options)).rejects.toThrow(inUse)
    await first.close()
    await open(url, SHARED)
    await open(url, SHARED)
    await expect(openPostgresJobs(url, EXCLUSIVE)).rejects.toThrow(StoreOpenError)
  })

  it('opening PostgreSQL waits for a server that has just stopped', async () => {
    const url = await newDatabase()
    const first = await open(url, EXCLUSIVE)
    const second = open(url, { ...EXCLUSIVE, freeWithinMs: 10_000 })
    await first.close()
    await (await second).insert(aJob('a'))
  })

  it('PostgreSQL is refused while a connection of a killed server is still open', async () => {
    const url = await newDatabase()
    await migratePostgres(url, { logger })
    const killed = new Client({ connectionString: url, application_name: 'promptlab process 1 on elsewhere' })
    await killed.connect()
    onTestFinished(() => killed.end())
    await expect(openPostgresJobs(url, EXCLUSIVE)).rejects.toThrow(/is in use by promptlab process 1 on elsewhere/)
    const opening = open(url, { ...EXCLUSIVE, freeWithinMs: 10_000 })
    await killed.end()
    await opening
  })

  it('opening PostgreSQL says what is wrong with an address, and never repeats a password', async () => {
    const url = new URL(await newDatabase())
    const variants: [(url: URL) => void, RegExp][] = [
      [(url) => (url.pathname = 'nowhere'), /is missing: database "nowhere" does not exist.*createdb/],
      [(url) => (url.username = 'nobody_here'), /refuses the connection: .*"nobody_here"/],
      [(url) => (url.port = '1'), /cannot be reached: .*ECONNREFUSED.*Start its server, or correct DATABASE_URL/],
    ]
    for (const [change, sentence] of variants) {
      const wrong = new URL(url)
      wrong.password = 'secret'
      change(wrong)
      const opening = openPostgresJobs(wrong.href, { ...EXCLUSIVE, patience: { limitMs: 0 } })
      await expect(opening).rejects.toThrow(sentence)
      await expect(opening).rejects.not.toThrow(/secret/)
    }
  })

  it('opening PostgreSQL waits while it does not answer', async () => {
    const proxy = await CuttableProxy.start(await newDatabase())
    proxy.cut()
    await expect(openPostgresJobs(proxy.url, { ...EXCLUSIVE, patience: { limitMs: 0 } })).rejects.toThrow(
      UnreachableError,
    )
    const warn = vi.fn(() => proxy.restore())
    const jobs = await open(proxy.url, { ...EXCLUSIVE, logger: { ...logger, warn }, patience: { pauseMs: 20 } })
    expect(warn).toHaveBeenCalledOnce()
    await jobs.insert(aJob('a'))
  })

  it('opening PostgreSQL reports a connection that breaks as unreachable, before whichever request it breaks', async () => {
    const url = await newDatabase()
    await migratePostgres(url, { logger })
    const proxy = await CuttableProxy.start(url)
    let isOpen = false
    for (let passed = 0; !isOpen; passed++) {
      let requests = 0
      proxy.restore()
      proxy.cutBefore(() => requests++ === passed)
      const opened = await openPostgresJobs(proxy.url, { ...SHARED, patience: { limitMs: 0 } }).catch((error) => error)
      isOpen = requests <= passed
      if (isOpen) await opened.close()
      else expect(opened).toBeInstanceOf(UnreachableError)
    }
  })

  it('PostgreSQL is refused when a newer version made its tables', async () => {
    const url = await newDatabase()
    await migratePostgres(url, { logger })
    await runSql(url, `insert into kysely_migration (name, timestamp) values ('2999-01-01-future', '')`)
    await expect(openPostgresJobs(url, EXCLUSIVE)).rejects.toThrow(/newer/)
  })

  it('is listed rightly when its jobs were stored without what lists show of their texts, as older versions do', async () => {
    const url = await newDatabase()
    const before = await open(url, EXCLUSIVE)
    await insertLongTexts(before)
    await before.close()
    await runSql(url, 'update jobs set prompt_length = null, listed_options = null, input_bytes = null')
    const after = await open(url, EXCLUSIVE)
    expect(await listedTexts(after)).toEqual(LISTED_TEXTS)
  })

  it('a PostgreSQL that hangs is reported as unavailable after the time limit', async () => {
    const proxy = await CuttableProxy.start(await newDatabase())
    const jobs = await open(proxy.url, EXCLUSIVE)
    await jobs.insert(aJob('a'))
    proxy.mute()
    const calls = [jobs.find('a'), jobs.insert(aJob('b')), jobs.checkHealth()]
    const unavailable = { status: 'rejected', reason: expect.any(StorageUnavailableError) }
    expect(await Promise.allSettled(calls)).toEqual([unavailable, unavailable, unavailable])
  })

  it('an insert whose answer was lost is removed before the next read', async () => {
    const direct = await newDatabase()
    const proxy = await CuttableProxy.start(direct)
    const jobs = await open(proxy.url, EXCLUSIVE)
    // Opens the connection that the insert will use.
    await jobs.find('a')
    proxy.mute()
    await expect(jobs.insert(startJob(aJob('a'), 0))).rejects.toThrow(StorageUnavailableError)
    expect(await runSql(direct, 'select id, status from jobs')).toEqual([{ id: 'a', status: 'running' }])
    proxy.cut()
    proxy.restore()
    await vi.waitUntil(() => isHealthy(jobs), 10_000)
    expect(await jobs.list({ limit: 9 })).toEqual([])
    expect(await runSql(direct, 'select id from jobs')).toEqual([])
  })

  it('a repeated change whose first answer was lost succeeds, unless another process made it', async () => {
    const direct = await newDatabase()
    const proxy = await CuttableProxy.start(direct)
    const jobs = await open(proxy.url, EXCLUSIVE)
    for (const id of ['a', 'b']) await jobs.insert(aJob(id))
    const running = { a: startJob(aJob('a'), 0), b: startJob(aJob('b'), 0) }
    proxy.mute()
    await expect(jobs.replace(running.a, { status: 'pending' })).rejects.toThrow(StorageUnavailableError)
    proxy.cut()
    await expect(jobs.replace(running.b, { status: 'pending' })).rejects.toThrow(StorageUnavailableError)
    await runSql(direct, `update jobs set status = 'running', runner_id = 'another' where id = 'b'`)
    proxy.restore()
    await vi.waitUntil(() => isHealthy(jobs), 10_000)
    expect(await jobs.replace(running.a, { status: 'pending' })).toBe(true)
    expect(await jobs.replace(running.b, { status: 'pending' })).toBe(false)
  })

  it('an end whose answer was lost is in the ledger once when it is stored again', async () => {
    const proxy = await CuttableProxy.start(await newDatabase())
    const jobs = await open(proxy.url, EXCLUSIVE)
    const running = startJob(aJob('a'), 0)
    await jobs.insert(running)
    const metrics = { ...running.metrics, cost: { usd: 0.1, priced: 'exact' } as const }
    const final = finishJob(running, { result: '', metrics }, { status: 'completed' }, 0)
    proxy.mute()
    await expect(jobs.replace(final, running)).rejects.toThrow(StorageUnavailableError)
    proxy.cut()
    proxy.restore()
    // Repeated, as a run does: the cut may be noticed a little later.
    await vi.waitUntil(() => jobs.replace(final, running).catch(() => false), 10_000)
    const query = { from: '1970-01-01', to: '1970-01-01', groupBy: ['model'], limit: 9 } as const
    expect(await jobs.sumUsage(query)).toMatchObject([{ jobs: 1, usdBillionths: 100_000_000 }])
  })

  it('a lock of PostgreSQL that was lost is taken again', async () => {
    const url = await newDatabase()
    const jobs = await open(url, EXCLUSIVE)
    await runSql(
      url,
      `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and granted
      and database = (select oid from pg_database where datname = current_database())`,
    )
    await vi.waitUntil(
      () =>
        jobs.insert(aJob('a')).then(
          () => true,
          () => false,
        ),
      10_000,
    )
    await expect(openPostgresJobs(url, EXCLUSIVE)).rejects.toThrow(/is in use by/)
  })

  it('running jobs count as abandoned when the lease of their process has expired, and not before', async () => {
    const direct = await newDatabase()
    const proxy = await CuttableProxy.start(direct)
    const dying = await open(proxy.url, SHARED)
    const living = await open(direct, SHARED)
    const mine = startJob(aJob('mine'), 0)
    await living.insert(mine)
    await dying.insert(startJob(aJob('a'), 0))
    const witness = await open(direct, SHARED)
    expect(await witness.findAbandoned(9)).toEqual([])
    proxy.cut()
    const cutAt = performance.now()
    const abandoned = await vi.waitUntil(async () => {
      const found = await witness.findAbandoned(9)
      return found.length > 0 && found
    }, 10_000)
    expect(performance.now() - cutAt).toBeGreaterThan(SHARED.lease.leaseMs - SHARED.lease.renewMs * 2)
    expect(abandoned).toEqual([{ id: 'a', run: 1 }])
    // Each process judges by what it has observed itself.
    await vi.waitUntil(async () => isDeepStrictEqual(await living.findAbandoned(9), abandoned), 10_000)
  })

  it('refuses records that a living process of an older version cannot read', async () => {
    const url = await newDatabase()
    const older = await open(url, { ...SHARED, recordVersion: 1 })
    const newer = await open(url, { ...SHARED, recordVersion: 2 })
    await expect(newer.checkReadable(1)).resolves.toBeUndefined()
    await expect(newer.checkReadable(2)).rejects.toThrow(UpgradeUnderWayError)
    await older.close()
    await expect(newer.checkReadable(2)).resolves.toBeUndefined()
    // A process of the first version registers without a version.
    await runSql(
      url,
      `insert into runners (id, alive_until) values ('first version', clock_timestamp() + interval '1 day')`,
    )
    await expect(newer.checkReadable(2)).rejects.toThrow(UpgradeUnderWayError)
    await vi.waitUntil(
      () =>
        newer.checkReadable(2).then(
          () => true,
          () => false,
        ),
      10_000,
    )
  })

  it('calls nobody dead when the clock of the database steps', async () => {
    const url = await newDatabase()
    const [first, second] = [await open(url, SHARED), await open(url, SHARED)]
    await first.insert(startJob(aJob('a'), 0))
    await second.insert(startJob(aJob('b'), 0))
    const until = performance.now() + SHARED.lease.leaseMs * 3
    await vi.waitUntil(async () => {
      // To the other processes this is how an hour's step of the clock looks.
      await runSql(url, `update runners set alive_until = alive_until - interval '1 hour'`)
      expect(await first.findAbandoned(9)).toEqual([])
      expect(await second.findAbandoned(9)).toEqual([])
      return performance.now() > until
    }, 10_000)
  })

  it('no job counts as abandoned after a time in which no process could renew its lease', async () => {
    const proxy = await CuttableProxy.start(await newDatabase())
    const [first, second] = [await open(proxy.url, SHARED), await open(proxy.url, SHARED)]
    await first.insert(startJob(aJob('a'), 0))
    await second.insert(startJob(aJob('b'), 0))
    proxy.cut()
    const restoreAt = performance.now() + SHARED.lease.leaseMs * 2
    await vi.waitUntil(() => performance.now() > restoreAt, 10_000)
    proxy.restore()
    const until = performance.now() + SHARED.lease.leaseMs * 3
    await vi.waitUntil(async () => {
      if ((await isHealthy(first)) && (await isHealthy(second))) {
        expect(await first.findAbandoned(9)).toEqual([])
        expect(await second.findAbandoned(9)).toEqual([])
      }
      return performance.now() > until
    }, 10_000)
  })
})
