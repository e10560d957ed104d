import type { Cost, TokenUsage } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { finishJob, newJob, type StoredFinalJob, type StoredRunningJob, startJob } from '../../src/jobs/job.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { usagesOf } from '../../src/jobs/usage/usage-entry.ts'
import { sumEntries } from '../../src/jobs/usage/usage-tally.ts'
import { GrowingJob } from './growing-job.ts'
import { type NewStore, openStore } from './stored-job.ts'

const DAY = Date.parse('2026-01-02T03:04:05.678Z')
const DAY_MS = 24 * 3_600_000
const EVERYTHING = {
  from: '2026-01-01',
  to: '2026-12-31',
  groupBy: ['day', 'owner', 'provider', 'model'],
  limit: 1_000,
} as const

interface Spent {
  readonly owner?: string
  readonly model?: string
  readonly endedAt?: number
  readonly cost?: Cost
  readonly usage?: TokenUsage
}

function runningJob(id: string, { owner, model = 'gpt-4', endedAt = DAY }: Spent = {}): StoredRunningJob {
  return startJob(newJob(id, { prompt: 'Go', provider: 'openai', model }, endedAt, owner), endedAt)
}

function finalJob(running: StoredRunningJob, { endedAt = DAY, cost, usage }: Spent = {}): StoredFinalJob {
  const metrics = { ...running.metrics, ...(cost && { cost }), ...(usage && { usage }) }
  return finishJob(running, { result: 'text', metrics }, { status: 'completed' }, endedAt)
}

/** Stores a job that has ended. */
async function spend(jobs: JobRepository, id: string, spent: Spent): Promise<StoredFinalJob> {
  const running = runningJob(id, spent)
  await jobs.insert(running)
  const final = finalJob(running, spent)
  expect(await jobs.replace(final, running)).toBe(true)
  return final
}

const EXACT = { usd: 0.000000001, priced: 'exact' } as const
const SPENT: readonly Spent[] = [
  { cost: { usd: 1.25, priced: 'exact' }, usage: { inputTokens: 100, outputTokens: 20 } },
  { cost: { usd: 0.1, priced: 'estimated' }, owner: 'ann' },
  { cost: { usd: 0.2, priced: 'vendor' }, owner: 'ann', endedAt: DAY + DAY_MS },
  { cost: { priced: 'unknown' }, owner: 'ann', usage: { inputTokens: 7, outputTokens: 9 } },
  { cost: { priced: 'unknown' }, owner: 'bob', model: 'größe \0 🙂' },
  {
    cost: { usd: 3_000.000000001, priced: 'exact' },
    owner: 'bob',
    usage: { inputTokens: 50, outputTokens: 60, cachedInputTokens: 10, cacheWriteTokens: 20, reasoningTokens: 30 },
  },
]

export function describeUsage(newStore: NewStore): void {
  describe('adds up what jobs used and cost', () => {
    it('as the sum over the ended jobs, by any fields, days and owner', async () => {
      const jobs = await openStore(await newStore())
      expect(await jobs.sumUsage(EVERYTHING)).toEqual([])
      const final = await Promise.all(SPENT.map((spent, index) => spend(jobs, `job-${index}`, spent)))
      await jobs.insert(runningJob('running'))
      const entries = final.flatMap((job) => usagesOf(job))
      expect(entries).toHaveLength(SPENT.length)
      for (const query of [
        EVERYTHING,
        { ...EVERYTHING, groupBy: ['provider', 'model'] },
        { ...EVERYTHING, groupBy: ['day'] },
        { ...EVERYTHING, groupBy: ['owner', 'day'], limit: 3 },
        { ...EVERYTHING, groupBy: ['day'], owner: 'ann' },
        { ...EVERYTHING, groupBy: ['day'], owner: '' },
        { ...EVERYTHING, groupBy: ['day'], owner: 'nobody' },
        { ...EVERYTHING, from: '2026-01-03' },
        { ...EVERYTHING, to: '2026-01-02' },
      ] as const) {
        expect(await jobs.sumUsage(query)).toEqual(sumEntries(entries, query))
      }
    })

    it('exactly, and never with 0 for what is unknown', async () => {
      const jobs = await openStore(await newStore())
      for (let index = 0; index < 10; index++)
        await spend(jobs, `job-${index}`, { cost: { usd: 0.1, priced: 'exact' } })
      await spend(jobs, 'unknown', { cost: { priced: 'unknown' } })
      expect(await jobs.sumUsage({ ...EVERYTHING, groupBy: ['model'] })).toMatchObject([
        { model: 'gpt-4', jobs: 11, usdBillionths: 1_000_000_000, unpricedJobs: 1 },
      ])
    })

    it('without jobs that cost nothing, and jobs of providers that are free', async () => {
      const jobs = await openStore(await newStore())
      await spend(jobs, 'refused', { cost: { usd: 0, priced: 'exact' }, model: 'no such model' })
      await spend(jobs, 'free', {})
      expect(await jobs.sumUsage(EVERYTHING)).toEqual([])
    })

    it('for each model that was called, if a fallback answered, and once', async () => {
      const jobs = await openStore(await newStore())
      const running = runningJob('a')
      await jobs.insert(running)
      const answeredBy = { provider: 'gemini', model: 'pro' }
      const startedAt = running.updatedAt
      const cost = { usd: 0.000000003, priced: 'exact' } as const
      const calls = [
        { provider: 'openai', model: 'gpt-4', startedAt, cost: EXACT },
        { ...answeredBy, startedAt, cost: { usd: 0.000000002, priced: 'exact' as const } },
      ]
      const final = finalJob({ ...running, metrics: { ...running.metrics, answeredBy, calls } }, { cost })
      await Promise.all([jobs.replace(final, running), jobs.replace(final, running)])
      const sums = [
        { ...answeredBy, jobs: 1, usdBillionths: 2 },
        { provider: 'openai', model: 'gpt-4', jobs: 0, usdBillionths: 1 },
      ]
      expect(await jobs.sumUsage(EVERYTHING)).toMatchObject(sums)
      await jobs.deleteFinal('a')
      expect(await jobs.sumUsage(EVERYTHING)).toMatchObject(sums)
    })

    it('once, whoever stores the end of a job again', async () => {
      const jobs = await openStore(await newStore())
      const running = runningJob('a')
      await jobs.insert(running)
      const final = finalJob(running, { cost: EXACT })
      const stored = await Promise.all([jobs.replace(final, running), jobs.replace(final, running)])
      expect(stored.filter(Boolean)).toHaveLength(1)
      await jobs.replace({ ...final }, running)
      expect(await jobs.sumUsage(EVERYTHING)).toMatchObject([{ jobs: 1, usdBillionths: 1 }])
    })

    it('with checkpoints and without, and of jobs that end at once', async () => {
      const jobs = await openStore(await newStore())
      const running = Array.from({ length: 40 }, (_, index) => runningJob(`job-${index}`))
      for (const job of running) await jobs.insert(job)
      await jobs.checkpoint(running.slice(0, 20).map((job) => new GrowingJob(job).say('text').checkpoint))
      const ends = running.map((job) => jobs.replace(finalJob(job, { cost: EXACT }), job))
      expect(await Promise.all(ends)).not.toContain(false)
      expect(await jobs.sumUsage(EVERYTHING)).toMatchObject([{ jobs: 40, usdBillionths: 40 }])
    })

    it('also of jobs that were removed or have expired, after any number of starts', async () => {
      const store = await newStore()
      const first = await store.open()
      for (const [index, spent] of SPENT.entries()) await spend(first, `job-${index}`, spent)
      const before = await first.sumUsage(EVERYTHING)
      expect(await first.deleteFinal('job-0')).toBe(true)
      expect(await first.sumUsage(EVERYTHING)).toEqual(before)
      await first.close()

      const second = await store.open()
      expect(await second.sumUsage(EVERYTHING)).toEqual(before)
      const later = DAY + 10 * DAY_MS
      expect(await second.deleteExpired({ endedBefore: later, endedLongBefore: later }, 99)).toBe(SPENT.length - 1)
      expect(await second.sumUsage(EVERYTHING)).toEqual(before)
      await second.close()

      const third = await openStore(store)
      expect(await third.list({ limit: 9 })).toEqual([])
      expect(await third.sumUsage(EVERYTHING)).toEqual(before)
      await spend(third, 'again', { cost: EXACT })
      const [jobs] = await third.sumUsage({ ...EVERYTHING, groupBy: ['provider'] })
      expect(jobs).toMatchObject({ jobs: SPENT.length + 1 })
    })

    it('of a job that ends and is removed at once', async () => {
      const jobs = await openStore(await newStore())
      const running = runningJob('a')
      await jobs.insert(running)
      const end = jobs.replace(finalJob(running, { cost: EXACT }), running)
      const removal = jobs.deleteFinal('a')
      expect(await end).toBe(true)
      if (!(await removal)) await jobs.deleteFinal('a')
      expect(await jobs.find('a')).toBeUndefined()
      expect(await jobs.sumUsage(EVERYTHING)).toMatchObject([{ jobs: 1 }])
    })
  })
}
