import { setImmediate } from 'node:timers/promises'
import type { AnyStreamEvent } from '@promptlab/contract'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { append } from '../../../test/support/append-token.ts'
import { AwaitedReader } from '../../../test/support/awaited-reader.ts'
import { SILENT } from '../../../test/support/silent-logger.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { describeWithRedis, useRedis } from '../../../test/support/test-redis.ts'
import { JsonFileJobRepository } from '../../storage/json-file/json-file-job-repository.ts'
import { MemoryTokenLog } from '../../token-log/memory-token-log.ts'
import { RedisTokenLog } from '../../token-log/redis-token-log.ts'
import { finishJob, newJob, startJob } from '../job.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { StorageUnavailableError } from '../ports/storage-errors.ts'
import { TEXT_VIEW } from '../views/text-view.ts'
import { JobEventReader } from './job-event-reader.ts'
import { SharedLookups } from './shared-lookups.ts'
import { SharedRecords } from './shared-records.ts'

function read(deps: ConstructorParameters<typeof JobEventReader>[0]): AwaitedReader<AnyStreamEvent, JobEventReader> {
  return new AwaitedReader<AnyStreamEvent, JobEventReader>(
    (onReady) => new JobEventReader(deps, 'job', { view: TEXT_VIEW, after: 0 }, { onReady, onError: onReady }),
    ({ isDone }) => isDone,
  )
}

describeWithRedis('readers of a log that is idle', (url) => {
  /** A running job, and a log that is never told of its end. */
  async function newDeps() {
    const jobs = await JsonFileJobRepository.open(`${await temporaryFolder()}/jobs.json`)
    const tokenLog = await RedisTokenLog.open({ ...useRedis(url), logger: SILENT, idleMs: 30 })
    onTestFinished(async () => {
      await tokenLog.stop()
      await jobs.close()
    })
    const running = startJob(newJob('job', { prompt: 'Go', provider: 'echo', model: 'echo' }, Date.now()), Date.now())
    await jobs.insert(running)
    const end = async (result: string) => {
      const progress = { result, metrics: running.metrics }
      await jobs.replace(finishJob(running, progress, { status: 'completed' }, Date.now()), {
        status: 'running',
        run: 1,
      })
    }
    return { jobs, tokenLog, end }
  }

  it('end with the rest of the text when the record is final but the log never says so', async () => {
    const { jobs, tokenLog, end } = await newDeps()
    const reader = read({ jobs, tokenLog, lookups: new SharedLookups(jobs), records: new SharedRecords() })
    append(tokenLog, 'job', 'Once')
    expect(await reader.next()).toMatchObject([{ id: 4, data: { token: 'Once' } }])
    await end('Once upon')
    expect(await reader.rest()).toMatchObject([{ id: 9, data: { token: ' upon' } }, { event: 'metrics' }])
  })

  it('share one lookup, however many they are', async () => {
    const { jobs, tokenLog, end } = await newDeps()
    const seen = Promise.withResolvers<void>()
    let lookups = 0
    const find = async (id: string) => {
      lookups++
      if (lookups === 3) seen.resolve()
      return await jobs.find(id)
    }
    const deps = { jobs, tokenLog, lookups: new SharedLookups({ find }), records: new SharedRecords() }
    const readers = Array.from({ length: 1_000 }, () => read(deps).rest())
    await seen.promise
    await end('Once')
    for (const events of await Promise.all(readers)) expect(events.at(-1)).toMatchObject({ event: 'metrics' })
    expect(lookups).toBeLessThan(100)
  })

  it('repeat a lookup that has failed', async () => {
    const { jobs, tokenLog, end } = await newDeps()
    let failures = 0
    const find = async (id: string) => {
      if (failures++ < 2) throw new StorageUnavailableError()
      return await jobs.find(id)
    }
    const reader = read({ jobs, tokenLog, lookups: new SharedLookups({ find }), records: new SharedRecords() })
    await end('Once')
    expect(await reader.rest()).toMatchObject([{ data: { token: 'Once' } }, { event: 'metrics' }])
  })
})

describe('JobEventReader while its store is away', () => {
  async function newDeps(find: JobRepository['find']) {
    const jobs = { find: vi.fn(find) }
    return { jobs, tokenLog: new MemoryTokenLog(), lookups: new SharedLookups(jobs), records: new SharedRecords() }
  }

  it('goes on with the tokens of the log, and ends when the store is back', async () => {
    const running = startJob(newJob('job', { prompt: 'Go', provider: 'echo', model: 'echo' }, Date.now()), Date.now())
    let isAway = true
    const progress = { result: 'Once', metrics: running.metrics }
    const final = finishJob(running, progress, { status: 'completed' }, Date.now())
    const deps = await newDeps(async () => {
      if (isAway) throw new StorageUnavailableError()
      return final
    })
    const reader = read(deps)
    append(deps.tokenLog, 'job', 'Once')
    expect(await reader.next()).toMatchObject([{ id: 4, data: { token: 'Once' } }])
    isAway = false
    expect(await reader.rest()).toMatchObject([{ event: 'metrics' }])
  })

  it('asks the store once more when it is closed, then never again, and reports no error', async () => {
    const deps = await newDeps(async () => {
      throw new StorageUnavailableError()
    })
    const onError = vi.fn()
    const reader = new JobEventReader(deps, 'job', { view: TEXT_VIEW, after: 0 }, { onReady: () => {}, onError })
    await vi.waitUntil(() => deps.jobs.find.mock.calls.length > 1)
    const lookups = deps.jobs.find.mock.calls.length
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    onTestFinished(() => {
      vi.useRealTimers()
    })
    reader.close()
    await setImmediate()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(deps.jobs.find).toHaveBeenCalledTimes(lookups + 1)
    expect(onError).not.toHaveBeenCalled()
  })
})
