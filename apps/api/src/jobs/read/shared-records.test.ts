import { describe, expect, it, vi } from 'vitest'
import { MemoryTokenLog } from '../../token-log/memory-token-log.ts'
import { finishJob, newJob, startJob } from '../job.ts'
import { TEXT_VIEW } from '../views/text-view.ts'
import { JobEventReader } from './job-event-reader.ts'
import { SharedLookups } from './shared-lookups.ts'
import { SharedRecords } from './shared-records.ts'

describe('a record that has ended', () => {
  it('is looked up once by all who read it at the same time, and again when nobody does', async () => {
    const running = startJob(newJob('job', { prompt: 'Go', provider: 'echo', model: 'echo' }, Date.now()), Date.now())
    const progress = { result: 'Once', metrics: running.metrics }
    const jobs = { find: vi.fn(async () => finishJob(running, progress, { status: 'completed' }, Date.now())) }
    const records = new SharedRecords()
    const deps = { jobs, tokenLog: new MemoryTokenLog(), lookups: new SharedLookups(jobs), records }
    const open = async () => {
      const ready = Promise.withResolvers<void>()
      const callbacks = { onReady: ready.resolve, onError: ready.reject }
      const reader = new JobEventReader(deps, 'job', { view: TEXT_VIEW, after: 0 }, callbacks)
      await ready.promise
      return reader
    }

    const first = await open()
    const others = await Promise.all(Array.from({ length: 100 }, open))
    expect(jobs.find).toHaveBeenCalledTimes(1)
    for (const reader of [first, ...others]) {
      expect(reader.read()).toMatchObject([{ data: { token: 'Once' } }, { event: 'metrics' }])
      reader.close()
    }
    expect(records.find('job')).toBeUndefined()
    await open()
    expect(jobs.find).toHaveBeenCalledTimes(2)
  })
})
