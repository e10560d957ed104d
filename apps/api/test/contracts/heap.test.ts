import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type LLMProvider, ProviderRegistry } from '@promptlab/providers'
import { expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { JobService } from '../../src/jobs/job-service.ts'
import { ModelLists } from '../../src/jobs/models/model-lists.ts'
import { WaitingClients } from '../../src/jobs/repeats/waiting-clients.ts'
import { JobRunner } from '../../src/jobs/run/job-runner.ts'
import { TEXT_VIEW } from '../../src/jobs/views/text-view.ts'
import { InProcessJobQueue } from '../../src/queue/in-process-job-queue.ts'
import { JsonFileJobRepository } from '../../src/storage/json-file/json-file-job-repository.ts'
import { MemoryTokenLog } from '../../src/token-log/memory-token-log.ts'
import { SILENT } from '../support/silent-logger.ts'
import { newStorePath } from '../support/test-server.ts'
import { UNOBSERVED } from '../support/unobserved.ts'

const JOBS = 10_000
/** How many jobs run at once. They share the commits of the store. */
const CONCURRENT_JOBS = 100

const wordy: LLMProvider = {
  name: 'wordy',
  models: ['wordy'],
  async *complete(prompt) {
    for (let index = 0; index < 40; index++) yield ` ${prompt}-${index}`
    return undefined
  },
}

/** The bytes of live memory, in the heap and outside. */
function liveBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('The garbage collector cannot be called')
  // The second collection frees the memory outside the heap that the first one found unused.
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

it('ten thousand jobs that are run, read and removed leave nothing in the heap', { timeout: 240_000 }, async () => {
  const jobs = await JsonFileJobRepository.open(await newStorePath())
  onTestFinished(() => jobs.close())
  const tokenLog = new MemoryTokenLog({ graceMs: 1, maxKeptLength: 4_000_000 })
  const deps = {
    jobs,
    queue: new InProcessJobQueue({
      maxConcurrent: CONCURRENT_JOBS,
      maxConcurrentPerProvider: CONCURRENT_JOBS,
      maxConcurrentPerOwner: CONCURRENT_JOBS,
      maxQueued: CONCURRENT_JOBS,
    }),
    tokenLog,
    providers: new ProviderRegistry([{ provider: wordy }]),
    clock: systemClock,
    newId: () => crypto.randomUUID(),
  }
  const policy = {
    firstTokenTimeoutMs: 60_000,
    tokenIdleTimeoutMs: 60_000,
    contentTimeoutMs: 60_000,
    jobTimeoutMs: 60_000,
    maxAnswerLength: 4_000_000,
    retryDelayMs: 1,
    patienceMs: 0,
  }
  const runner = new JobRunner({ ...deps, logger: SILENT, observer: UNOBSERVED, policy })
  const service = new JobService({
    ...deps,
    clients: new WaitingClients({ ...deps, logger: SILENT, graceMs: undefined }),
    observer: UNOBSERVED,
    runner,
    models: new ModelLists({ ...deps, logger: SILENT, refreshMs: undefined }),
    queuedBytes: { total: 1e9, perOwner: 1e9 },
    maxStoredBytesPerKey: 1e9,
  })
  service.start()

  const runOne = async () => {
    const { job } = await service.create({ prompt: 'word', provider: 'wordy', model: 'wordy' }, undefined)
    const read = Promise.withResolvers<string>()
    let text = ''
    const reader = service.readEvents(
      job.id,
      { view: TEXT_VIEW, after: 0 },
      {
        onReady: () => {
          for (const event of reader.read()) text += event.event === 'token' ? event.data.token : ''
          if (reader.isDone) read.resolve(text)
        },
        onError: read.reject,
      },
    )
    expect((await read.promise).length).toBe(40 * ' word-'.length + 10 + 30 * 2)
    await service.delete(job.id, undefined)
  }
  const run = async (count: number) => {
    const runInTurn = async () => {
      for (let index = 0; index < count / CONCURRENT_JOBS; index++) await runOne()
    }
    await Promise.all(Array.from({ length: CONCURRENT_JOBS }, runInTurn))
    await vi.waitUntil(() => tokenLog.size === 0, 10_000)
  }

  // Warm up: code is compiled, and caches and pools reach their size.
  await run(5_000)
  // A leak grows in every run; what the store and the compiler hold for a moment does not.
  const growths: number[] = []
  while (growths.length < 3 && !(Math.min(...growths) < JOBS * 200)) {
    const before = liveBytes()
    await run(JOBS)
    growths.push(liveBytes() - before)
  }
  expect(Math.min(...growths)).toBeLessThan(JOBS * 200)
})
