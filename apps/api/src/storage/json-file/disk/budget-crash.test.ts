import { describe, expect, it } from 'vitest'
import { aJob, CREATED_AT } from '../../../../test/contracts/stored-job.ts'
import { CrashingStore } from '../../../../test/support/crashing-store.ts'
import { finishJob, startJob } from '../../../jobs/job.ts'
import { Draft } from '../memory/draft.ts'
import { StoredJobs } from '../memory/stored-jobs.ts'
import { readStore } from './store-files.ts'

const RESERVED = 1_000_000
const DAY = new Date(CREATED_AT).toISOString().slice(0, 10)
const at = (ms: number) => new Date(CREATED_AT + ms).toISOString()

/** A job of a caller of its own. */
function aRunningJob(id: string) {
  const told = { reserved: RESERVED, deliveries: [], notifyAt: at(0) }
  return startJob({ ...aJob(id), owner: id, ...told }, CREATED_AT)
}

function ended(id: string) {
  const running = aRunningJob(id)
  const metrics = { ...running.metrics, cost: { usd: 0.001, priced: 'exact' as const } }
  return finishJob(running, { result: 'text', metrics }, { status: 'completed' }, CREATED_AT)
}

describe('budgets and deliveries of a JournaledStore', () => {
  it('have each job once, reserved or spent, and its last delivery, after a crash at any file operation', {
    timeout: 60_000,
  }, async () => {
    /** When the next delivery of each stored job is due, and when it will be after the commit under way. */
    const due = new Map<string, number[]>()
    const crashing = await CrashingStore.open(async (path) => {
      const { entries, removedUsage } = await readStore(path)
      const { budgets } = new StoredJobs(entries, removedUsage)
      const found = new Map(entries.map(({ id, notifyAt }) => [id, notifyAt]))
      for (const [id, times] of due) {
        expect(budgets.reservedOf(id) + budgets.spentOf(id, DAY, DAY), id).toBe(RESERVED)
        if (times.length > 0) expect(times, id).toContain(found.get(id))
      }
    })
    const commit = (change: (draft: Draft) => unknown) =>
      crashing.commit(async () => {
        const draft = new Draft(crashing.store.jobs)
        change(draft)
        await crashing.store.commit(draft.changes, draft.removedUsage)
      })
    const kept: string[] = []
    for (let number = 0; number < 12; number++) {
      const id = `job-${number}`
      kept.push(id)
      await commit((draft) => draft.insert(aRunningJob(id), undefined))
      due.set(id, [CREATED_AT])
      await commit((draft) => draft.replace(ended(id)))
      due.set(id, [CREATED_AT, CREATED_AT + number])
      await commit((draft) => draft.replaceDeliveries(id, { notifyAt: at(number) }, at(0)))
      due.set(id, [CREATED_AT + number])
      // The store grows and shrinks, so that a journal begins and ends.
      for (const old of kept.splice(0, number % 6 === 5 ? 5 : 0)) {
        due.set(old, [])
        await commit((draft) => draft.deleteFinal(old))
      }
    }
    await crashing.expectNoFailures()
  })
})
