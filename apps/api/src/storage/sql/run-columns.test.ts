import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { expect, it } from 'vitest'
import { aJob, CREATED_AT } from '../../../test/contracts/stored-job.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { startJob } from '../../jobs/job.ts'
import { openSqliteJobs } from './open-sqlite.ts'

const UNTIL = '2026-01-02T03:05:00.000Z'

/** What a process of an earlier version changes of the row of a job: it does not know the columns. */
it.each([
  ['started', 'pending', `status = 'running', run = 1, result = '', metrics = :metrics`],
  ['ended', 'running', `status = 'completed', result = '', ended_at = :time, updated_at = :time`],
] as const)(
  'a job that a process of an earlier version %s has nothing that its status does not allow',
  async (_, status, change) => {
    const path = join(await temporaryFolder(), 'jobs.db')
    const first = await openSqliteJobs(path)
    const waiting = { ...aJob('a'), runState: { attempts: 1 }, watchedUntil: UNTIL }
    const running = startJob(waiting, CREATED_AT)
    if (status === 'running') await first.insert(running)
    else await first.insert({ ...waiting, waitingFor: { reason: 'overload', until: UNTIL } })
    await first.close()
    const db = new SQLite(path)
    const values = { metrics: JSON.stringify(running.metrics), time: UNTIL }
    const used = Object.fromEntries(Object.entries(values).filter(([name]) => change.includes(`:${name}`)))
    db.prepare(`update jobs set ${change}`).run(used)
    db.close()

    const jobs = await openSqliteJobs(path)
    const found = await jobs.find('a')
    const [listed] = await jobs.list({ limit: 9 })
    const unwatched = await jobs.findUnwatched(Date.parse(UNTIL), 9)
    await jobs.close()
    expect(found).not.toHaveProperty('waitingFor')
    expect(listed).not.toHaveProperty('waitingFor')
    if (status === 'pending') {
      expect(found).toEqual({ ...running, updatedAt: waiting.updatedAt })
      expect(unwatched).toEqual([{ id: 'a', run: 1 }])
    } else {
      const { runState: _s, watchedUntil: _w, ...ended } = running
      expect(found).toEqual({ ...ended, status: 'completed', updatedAt: UNTIL })
      expect(unwatched).toEqual([])
    }
  },
)
