import { expect, it, onTestFinished, vi } from 'vitest'
import { GrowingJob } from '../../../test/contracts/growing-job.ts'
import { GatedHandler } from '../../../test/support/gated-handler.ts'
import { SILENT } from '../../../test/support/silent-logger.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { systemClock } from '../../base/clock.ts'
import { UnreachableError } from '../../base/unreachable-error.ts'
import { PriceTable } from '../../prices/price-table.ts'
import { InProcessJobQueue } from '../../queue/in-process-job-queue.ts'
import { JsonFileJobRepository } from '../../storage/json-file/json-file-job-repository.ts'
import { MemoryTokenLog } from '../../token-log/memory-token-log.ts'
import { newJob, startJob } from '../job.ts'
import { type QueuedJob, QueueUnavailableError } from '../ports/job-queue.ts'
import { StorageUnavailableError } from '../ports/storage-errors.ts'
import { TEXT_VIEW } from '../views/text-view.ts'
import { Reconciler } from './reconciler.ts'

const MINUTE_MS = 60_000
const PENDING = (id: string, ageMs: number) =>
  newJob(id, { prompt: 'Go', provider: 'echo', model: 'echo' }, Date.now() - ageMs)

/** A queue that can be away. */
class RemoteQueue extends InProcessJobQueue {
  isAway = false
  passes = 0

  override async ensure(jobs: readonly QueuedJob[]): Promise<number> {
    this.passes++
    if (this.isAway) throw new QueueUnavailableError()
    return await super.ensure(jobs)
  }
}

async function newParts() {
  const path = `${await temporaryFolder()}/jobs.json`
  const jobs = await JsonFileJobRepository.open(path)
  onTestFinished(() => jobs.close())
  const queue = new RemoteQueue({
    maxConcurrent: 1,
    maxConcurrentPerProvider: 1,
    maxConcurrentPerOwner: 1,
    maxQueued: 10,
  })
  const parts = { jobs, queue, tokenLog: new MemoryTokenLog(), clock: systemClock, logger: SILENT }
  const reconciler = new Reconciler(parts)
  onTestFinished(() => reconciler.stop())
  return { ...parts, path, reconciler }
}

it('Reconciler > fails jobs that ran when the store was closed, and ends their logs', async () => {
  const first = await newParts()
  await first.jobs.insert(startJob(PENDING('job', 0), Date.now()))
  await first.jobs.close()
  const jobs = await JsonFileJobRepository.open(first.path)
  onTestFinished(() => jobs.close())
  const reader = first.tokenLog.attach('job', TEXT_VIEW, 0, { onReady: () => {}, onIdle: () => {} })
  await new Reconciler({ ...first, jobs }).recover()
  expect(await jobs.find('job')).toMatchObject({ status: 'failed', error: { code: 'interrupted' } })
  expect(reader.hasEnded).toBe(true)
})

it('Reconciler > queues every waiting job at start, oldest first', async () => {
  const { jobs, queue, reconciler } = await newParts()
  const ids = Array.from({ length: 1_001 }, (_, index) => `job-${String(index).padStart(4, '0')}`)
  await Promise.all(ids.map((id) => jobs.insert(PENDING(id, 0))))
  await reconciler.recover()
  const handler = new GatedHandler()
  queue.start(handler)
  for (const id of ids) await handler.finish(id)
  expect(handler.started).toHaveLength(ids.length)
  expect(new Set(handler.started)).toEqual(new Set(ids))
})

it('Reconciler > goes on with the recovery when a store that went away is back', async () => {
  const { jobs, queue, ...parts } = await newParts()
  const ids = Array.from({ length: 1_001 }, (_, index) => `job-${index}`)
  await Promise.all(ids.map((id) => jobs.insert(PENDING(id, 0))))
  const findPending = jobs.findPending.bind(jobs)
  vi.spyOn(jobs, 'findPending')
    .mockImplementation(findPending)
    .mockImplementationOnce(findPending)
    .mockRejectedValueOnce(new StorageUnavailableError())
  await new Reconciler({ ...parts, jobs, queue }).recover({ pauseMs: 1 })
  expect(await queue.countWaiting()).toBe(1_001)
})

it('Reconciler > gives the recovery up with a sentence when the queue stays away', async () => {
  const { jobs, queue, reconciler } = await newParts()
  await jobs.insert(PENDING('job', 0))
  queue.isAway = true
  const recovery = reconciler.recover({ pauseMs: 1, limitMs: 300 })
  await expect(recovery).rejects.toThrow(UnreachableError)
  await expect(recovery).rejects.toThrow(/could not be recovered: .*start this server again/)
  expect(queue.passes).toBeGreaterThan(1)
})

it('Reconciler > queues jobs again that the queue has lost, but not jobs that may be on their way to it', async () => {
  const { jobs, queue, reconciler } = await newParts()
  const old = Array.from({ length: 1_200 }, (_, index) => PENDING(`old-${index}`, MINUTE_MS))
  await Promise.all([...old, PENDING('new', 0)].map((job) => jobs.insert(job)))
  reconciler.start(10)
  await vi.waitUntil(async () => queue.passes > 0 && (await queue.ensure(old)) === 0, 10_000)
  await reconciler.stop()
  expect(await queue.ensure([PENDING('new', 0)])).toBe(1)
})

it('Reconciler > goes on after a pass that failed', async () => {
  const { jobs, queue, reconciler } = await newParts()
  const job = PENDING('job', MINUTE_MS)
  await jobs.insert(job)
  queue.isAway = true
  reconciler.start(10)
  await vi.waitUntil(() => queue.passes > 1, 10_000)
  queue.isAway = false
  const handler = new GatedHandler()
  queue.start(handler)
  await handler.hasStarted(1)
  expect(handler.started).toEqual(['job'])
})

it('Reconciler > estimates what an interrupted job cost from its last checkpoint, or from its input', async () => {
  const first = await newParts()
  const prices = new PriceTable([{ name: 'openai', baseUrl: undefined }], {
    openai: { 'gpt-4': { input: 1_000, output: 2_000 } },
  })
  const start = (id: string, provider: string) => {
    const job = newJob(id, { prompt: 'x'.repeat(40), provider, model: 'gpt-4' }, Date.now())
    return startJob(job, Date.now())
  }
  const startedAt = '2026-11-27T00:00:00.000Z'
  const running = start('grown', 'openai')
  const grown = { ...new GrowingJob(running).say('a', 'b', 'c'.repeat(40)).checkpoint }
  const refused = { endedBecause: 'provider-rate-limited', cost: { usd: 0, priced: 'exact' } } as const
  const call = { provider: 'openai', model: 'gpt-4', startedAt }
  const metrics = { ...grown.metrics, attempts: 2, calls: [{ ...call, ...refused }, call] }
  for (const job of [running, start('new', 'openai'), start('free', 'echo')]) await first.jobs.insert(job)
  await first.jobs.checkpoint([{ ...grown, metrics }])
  await first.jobs.close()

  const jobs = await JsonFileJobRepository.open(first.path)
  onTestFinished(() => jobs.close())
  await new Reconciler({ ...first, jobs, prices }).recover()
  const cost = { usd: 0.032, priced: 'estimated' }
  expect(await jobs.find('grown')).toMatchObject({
    metrics: { cost, calls: [refused, { ...call, endedBecause: 'interrupted', cost }] },
  })
  expect(await jobs.find('new')).toMatchObject({ metrics: { cost: { usd: 0.01, priced: 'estimated' } } })
  expect(await jobs.find('free')).not.toHaveProperty('metrics.cost')
  const query = { from: '2026-01-01', to: '2100-01-01', groupBy: ['provider'], limit: 9 } as const
  expect(await jobs.sumUsage(query)).toMatchObject([{ provider: 'openai', jobs: 2, usdBillionths: 42_000_000 }])
})
