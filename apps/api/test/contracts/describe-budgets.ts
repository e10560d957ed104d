import { describe, expect, it } from 'vitest'
import {
  finishJob,
  newJob,
  type StoredFinalJob,
  type StoredPendingJob,
  type StoredRunningJob,
  startJob,
} from '../../src/jobs/job.ts'
import { BudgetExceededError, type CallerBudget } from '../../src/jobs/ports/caller-budget.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { JobConflictError, PreviousJobGoneError } from '../../src/jobs/ports/storage-errors.ts'
import { usdOf } from '../../src/jobs/usage/billionths.ts'
import { Random } from '../support/random.ts'
import { GrowingJob } from './growing-job.ts'
import { type NewStore, openStore } from './stored-job.ts'

const SEED = Number(process.env['BUDGET_SEED'] ?? Date.now() % 1_000_000)
const NOON = Date.parse('2026-03-02T12:00:00.000Z')
const DAY_MS = 24 * 3_600_000
const DAY = { period: 'day', from: '2026-03-02', to: '2026-03-02' } as const
const MONTH = { period: 'month', from: '2026-03-01', to: '2026-03-31' } as const

/** What a caller may spend, in billionths of a US dollar. */
function budget(owner: string, day: number, month = day): CallerBudget {
  return {
    owner,
    limits: [
      { ...DAY, billionths: day },
      { ...MONTH, billionths: month },
    ],
  }
}

function aJobOf(owner: string, id: string, reserved?: number, more: Partial<StoredPendingJob> = {}): StoredPendingJob {
  const request = { prompt: 'Go', provider: 'openai', model: 'gpt-4' }
  return newJob(id, request, NOON, owner, { ...more, ...(reserved !== undefined && { reserved }) })
}

function ended(running: StoredRunningJob, billionths: number, endedAt = NOON): StoredFinalJob {
  const metrics = { ...running.metrics, cost: { usd: usdOf(billionths), priced: 'exact' as const } }
  return finishJob(running, { result: 'text', metrics }, { status: 'completed' }, endedAt)
}

/** Stores a running job of a caller without a budget, and its end. */
async function spend(jobs: JobRepository, owner: string, id: string, billionths: number, endedAt = NOON) {
  const running = startJob(aJobOf(owner, id), NOON)
  await jobs.insert(running)
  expect(await jobs.replace(ended(running, billionths, endedAt), running)).toBe(true)
}

/** What is spent and reserved, for the day and for the month. */
async function amounts(jobs: JobRepository, owner: string): Promise<[number, number][]> {
  const states = await jobs.readBudget(budget(owner, 1, 2))
  expect(states.map(({ limit }) => limit)).toEqual(budget(owner, 1, 2).limits)
  return states.map(({ spent, reserved }) => [spent, reserved])
}

export function describeBudgets(newStore: NewStore): void {
  const openNew = async () => openStore(await newStore())

  describe('the budget of a caller', () => {
    it('takes a job that exactly fits, and none that costs a billionth more', async () => {
      const jobs = await openNew()
      const ann = budget('ann', 100, 1_000)
      expect(await jobs.insert(aJobOf('ann', 'a', 60), undefined, ann)).toBeUndefined()
      const over = jobs.insert(aJobOf('ann', 'over', 41), undefined, ann)
      await expect(over).rejects.toThrow(BudgetExceededError)
      await expect(over).rejects.toThrow(/a day is left while other jobs hold/)
      expect(await jobs.find('over')).toBeUndefined()
      expect(await jobs.insert(aJobOf('ann', 'b', 40), undefined, ann)).toBeUndefined()
      await expect(jobs.insert(aJobOf('ann', 'c', 1), undefined, ann)).rejects.toThrow(BudgetExceededError)
      expect(await jobs.insert(aJobOf('ann', 'free', 0), undefined, ann)).toBeUndefined()
      expect(await amounts(jobs, 'ann')).toEqual([
        [0, 100],
        [0, 100],
      ])
      expect((await jobs.list({ limit: 9 })).map(({ id }) => id).toSorted()).toEqual(['a', 'b', 'free'])
    })

    it('is checked for each limit, with what was spent in its time', async () => {
      const jobs = await openNew()
      await spend(jobs, 'ann', 'today', 30)
      await spend(jobs, 'ann', 'yesterday', 500, NOON - DAY_MS)
      await spend(jobs, 'ann', 'last month', 7_000, NOON - 5 * DAY_MS)
      await spend(jobs, 'bob', 'of another', 90_000)
      expect(await amounts(jobs, 'ann')).toEqual([
        [30, 0],
        [530, 0],
      ])
      expect(await amounts(jobs, 'nobody')).toEqual([
        [0, 0],
        [0, 0],
      ])
      const refused = jobs.insert(aJobOf('ann', 'day', 71), undefined, budget('ann', 100, 1_000))
      await expect(refused).rejects.toThrow(/a day is left/)
      const late = jobs.insert(aJobOf('ann', 'month', 71), undefined, budget('ann', 1_000, 600))
      await expect(late).rejects.toThrow(/a month is left/)
      await jobs.insert(aJobOf('ann', 'fits', 70), undefined, budget('ann', 100, 600))
      expect(await amounts(jobs, 'ann')).toEqual([
        [30, 70],
        [530, 70],
      ])
    })

    it('counts amounts exactly, however large they are', async () => {
      const jobs = await openNew()
      const large = 4_000_000_000_000_001
      await jobs.insert(aJobOf('ann', 'a', large), undefined, budget('ann', large))
      const job = aJobOf('ann', 'b', 1)
      await expect(jobs.insert(job, undefined, budget('ann', large))).rejects.toThrow(BudgetExceededError)
      await jobs.insert(job, undefined, budget('ann', large + 1))
      expect(await jobs.find('a')).toEqual(aJobOf('ann', 'a', large))
    })

    it('holds what a job may cost until it has ended, and then has what it cost, also after a restart', async () => {
      const store = await newStore()
      const first = await store.open()
      const pending = aJobOf('ann', 'a', 60)
      const running = startJob(aJobOf('ann', 'b', 40), NOON)
      await first.insert(pending, undefined, budget('ann', 100))
      await first.insert(running, undefined, budget('ann', 100))
      await first.checkpoint([new GrowingJob(running).say('text').checkpoint])
      const { reserved: _, ...unreserved } = startJob(pending, NOON)
      // A state that does not say it changes nothing of what is held.
      await first.replace(unreserved, { status: 'pending' })
      expect(await first.find('a')).toEqual(startJob(pending, NOON))
      await first.close()

      const second = await store.open()
      expect((await amounts(second, 'ann'))[0]).toEqual([0, 100])
      expect(await second.takeOver({ id: 'b', run: 1 })).toMatchObject({ reserved: 40, run: 2 })
      expect((await amounts(second, 'ann'))[0]).toEqual([0, 100])
      const end = ended(startJob(pending, NOON), 7)
      // Whatever the final state says.
      expect(await second.replace({ ...end, reserved: 60 }, { status: 'running', run: 1 })).toBe(true)
      expect(await second.find('a')).toEqual(end)
      expect(end).not.toHaveProperty('reserved')
      expect((await amounts(second, 'ann'))[0]).toEqual([7, 40])
      await second.deleteFinal('a')
      expect((await amounts(second, 'ann'))[0]).toEqual([7, 40])
      await second.close()

      const third = await openStore(store)
      expect((await amounts(third, 'ann'))[0]).toEqual([7, 40])
      await third.insert(aJobOf('ann', 'c', 53), undefined, budget('ann', 100))
      const over = third.insert(aJobOf('ann', 'd', 1), undefined, budget('ann', 100))
      await expect(over).rejects.toThrow(BudgetExceededError)
    })

    it('gets back what a cancelled job and a job that waits again hold in the same way', async () => {
      const jobs = await openNew()
      const running = startJob(aJobOf('ann', 'a', 60), NOON)
      await jobs.insert(running, undefined, budget('ann', 100))
      const { result: _r, metrics: _m, ...rest } = running
      const until = new Date(NOON + 1_000).toISOString()
      await jobs.replace({ ...rest, status: 'pending', waitingFor: { reason: 'overload', until } }, running)
      expect((await amounts(jobs, 'ann'))[0]).toEqual([0, 60])
      const again = startJob(aJobOf('ann', 'a', 60), NOON)
      await jobs.replace(finishJob(again, again, { status: 'cancelled' }, NOON), { status: 'pending', run: 1 })
      expect((await amounts(jobs, 'ann'))[0]).toEqual([0, 0])
    })

    it('is no reason to refuse the repeat of a request whose job is stored', async () => {
      const jobs = await openNew()
      const key = { key: 'ann order 1', fingerprint: 'x' }
      const job = aJobOf('ann', 'a', 100)
      const repeats = await Promise.all(
        Array.from({ length: 10 }, (_, index) => jobs.insert({ ...job, id: `a${index}` }, key, budget('ann', 100))),
      )
      expect(repeats.filter((first) => first === undefined)).toHaveLength(1)
      const stored = await jobs.insert({ ...job, id: 'later' }, key, budget('ann', 0))
      expect(stored?.job).toMatchObject({ reserved: 100 })
      expect((await amounts(jobs, 'ann'))[0]).toEqual([0, 100])
    })

    it('comes after what refuses the job anyway', async () => {
      const jobs = await openNew()
      const first = jobs.insert(aJobOf('ann', 'a', 1, { previousJobId: 'gone' }), undefined, budget('ann', 100))
      await expect(first).rejects.toThrow(PreviousJobGoneError)
      await jobs.insert(aJobOf('ann', 'a', 1), undefined, budget('ann', 100))
      await expect(jobs.insert(aJobOf('ann', 'a', 1), undefined, budget('ann', 100))).rejects.toThrow(JobConflictError)
      expect((await amounts(jobs, 'ann'))[0]).toEqual([0, 1])
    })

    it('takes as many of the jobs that come at once as fit, of each caller', async () => {
      const jobs = await openNew()
      const owners = ['ann', 'bob', 'eve']
      const inserts = Array.from({ length: 60 }, (_, index) => {
        const owner = owners[index % 3] ?? ''
        const job = aJobOf(owner, `job-${index}`, 10)
        return jobs.insert(index % 2 ? job : startJob(job, NOON), undefined, budget(owner, 75))
      })
      const outcomes = await Promise.allSettled(inserts)
      for (const [at, owner] of owners.entries()) {
        const own = outcomes.filter((_, index) => index % 3 === at)
        expect(own.filter(({ status }) => status === 'fulfilled')).toHaveLength(7)
        for (const each of own) if (each.status === 'rejected') expect(each.reason).toBeInstanceOf(BudgetExceededError)
        expect((await amounts(jobs, owner))[0]).toEqual([0, 70])
      }
    })

    it(`is never passed while jobs come, end and are removed at once (BUDGET_SEED=${SEED})`, async () => {
      const random = new Random(SEED)
      const jobs = await openNew()
      const limit = 1_000
      const ann = budget('ann', limit)
      let spent = 0
      let stored = 0
      const run = async (id: string) => {
        const wanted = 1 + random.below(200)
        const running = startJob(aJobOf('ann', id, wanted), NOON)
        const isStored = await jobs.insert(running, undefined, ann).then(
          () => true,
          (error: unknown) => {
            expect(error).toBeInstanceOf(BudgetExceededError)
            return false
          },
        )
        const [state] = await jobs.readBudget(ann)
        expect((state?.spent ?? 0) + (state?.reserved ?? 0)).toBeLessThanOrEqual(limit)
        if (!isStored) return
        stored += 1
        if (random.next() < 0.3) await jobs.checkpoint([new GrowingJob(running).say('text').checkpoint])
        const cost = random.below(Math.min(wanted, 40) + 1)
        expect(await jobs.replace(ended(running, cost), running)).toBe(true)
        spent += cost
        if (random.next() < 0.5) expect(await jobs.deleteFinal(id)).toBe(true)
      }
      for (let round = 0; round < 10; round += 1) {
        await Promise.all(Array.from({ length: 12 }, (_, index) => run(`job-${round}-${index}`)))
      }
      expect(stored).toBeGreaterThan(10)
      expect((await amounts(jobs, 'ann'))[0]).toEqual([spent, 0])
      const [sum] = await jobs.sumUsage({ from: DAY.from, to: DAY.to, groupBy: ['owner'], limit: 9 })
      expect(sum).toMatchObject({ usdBillionths: spent })
    })
  })
}
