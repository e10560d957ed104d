import { describe, expect, it } from 'vitest'
import { aJob } from '../../../../test/contracts/stored-job.ts'
import { CrashingStore } from '../../../../test/support/crashing-store.ts'
import { finishJob, startJob } from '../../../jobs/job.ts'
import { UsageTally } from '../../../jobs/usage/usage-tally.ts'
import { type JobChanges, JobEntry, type RemovedUsage } from '../memory/job-entry.ts'
import { StoredJobs } from '../memory/stored-jobs.ts'
import { readStore } from './store-files.ts'

/** A job that cost something. The ledger shows each of them by a model of its own. */
function spentJob(id: string): JobEntry {
  const running = startJob({ ...aJob(id), provider: 'openai', model: id }, 0)
  const metrics = { ...running.metrics, cost: { usd: 0.5, priced: 'exact' } as const }
  return JobEntry.of(finishJob(running, { result: 'text', metrics }, { status: 'completed' }, 0))
}

/** How often each job is in the ledger of the files at a path. */
async function countsAt(path: string): Promise<Map<string, number>> {
  const { entries, removedUsage } = await readStore(path)
  const ledger = new UsageTally(new StoredJobs(entries, removedUsage).usage())
  return new Map(ledger.entries().map(({ model, jobs }) => [model, jobs]))
}

describe('the ledger of a JournaledStore', () => {
  it('has each job that has ended once, after a crash at any file operation, also when it was removed', {
    timeout: 60_000,
  }, async () => {
    const confirmed = new Set<string>()
    const crashing = await CrashingStore.open(async (path) => {
      const counts = await countsAt(path)
      for (const id of confirmed) expect(counts.get(id), id).toBe(1)
      for (const [id, count] of counts) expect(count, id).toBe(1)
    })
    const commit = (changes: JobChanges, removed?: RemovedUsage) =>
      crashing.commit(() => crashing.store.commit(changes, removed))
    const kept: JobEntry[] = []
    for (let number = 0; number < 60; number++) {
      const entry = spentJob(`job-${number}`)
      kept.push(entry)
      await commit(new Map([[entry.id, entry]]))
      confirmed.add(entry.id)
      // The store grows and shrinks, so that a journal begins and ends.
      for (const { id, usages } of kept.splice(0, number % 20 === 19 ? 19 : 0)) {
        if (usages.length > 0) await commit(new Map([[id, undefined]]), new Map([[id, usages]]))
      }
    }
    await crashing.expectNoFailures()
    await crashing.store.close()
    expect(await countsAt(crashing.path)).toEqual(new Map([...confirmed].map((id) => [id, 1])))
  })
})
