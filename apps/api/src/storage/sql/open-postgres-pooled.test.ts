import { expect, it, onTestFinished } from 'vitest'
import { aJob } from '../../../test/contracts/stored-job.ts'
import { startPgbouncer } from '../../../test/support/pgbouncer-process.ts'
import { withPostgres } from '../../../test/support/test-postgres.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { openPostgresJobs } from './open-postgres.ts'

const OPTIONS = { logger: { info: () => {}, warn: () => {} }, freeWithinMs: 0 }

await withPostgres((newDatabase) => {
  it('keeps jobs behind PgBouncer with its defaults, and still refuses a second server', async ({ skip }) => {
    const direct = await newDatabase()
    const url = await startPgbouncer(direct, {}, skip)
    const jobs = await openPostgresJobs(url, { ...OPTIONS, shared: false })
    onTestFinished(() => jobs.close())
    await jobs.insert(aJob('a'))
    expect(await jobs.find('a')).toEqual(aJob('a'))
    await expect(openPostgresJobs(url, { ...OPTIONS, shared: false })).rejects.toThrow(/is in use by/)
    await expect(openPostgresJobs(direct, { ...OPTIONS, shared: false })).rejects.toThrow(/is in use by/)
  })

  it('takes a store over that was closed behind PgBouncer', async ({ skip }) => {
    const url = await startPgbouncer(await newDatabase(), {}, skip)
    const first = await openPostgresJobs(url, { ...OPTIONS, shared: false })
    await first.insert(aJob('a'))
    await first.close()
    const second = await openPostgresJobs(url, { ...OPTIONS, shared: false, freeWithinMs: 5_000 })
    onTestFinished(() => second.close())
    expect(await second.find('a')).toEqual(aJob('a'))
  })

  it.for(['0', '1'])('refuses a pooler in transaction mode, with server_round_robin = %s', async (mode, { skip }) => {
    const direct = await newDatabase()
    const url = await startPgbouncer(direct, { pool_mode: 'transaction', server_round_robin: mode }, skip)
    for (const shared of [false, true]) {
      const opened = openPostgresJobs(url, { ...OPTIONS, shared })
      await expect(opened).rejects.toThrow(StoreOpenError)
      await expect(opened).rejects.toThrow(/transaction mode.*pool_mode = session/s)
    }
    // No lock was left behind in the pooler's sessions.
    const jobs = await openPostgresJobs(direct, { ...OPTIONS, shared: false, freeWithinMs: 5_000 })
    await jobs.close()
  })
})
