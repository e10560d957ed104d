import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { aJob } from '../../../../test/contracts/stored-job.ts'
import { CrashDisk, writeFiles } from '../../../../test/support/crash-disk.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { finishJob, startJob } from '../../../jobs/job.ts'
import { UsageTally } from '../../../jobs/usage/usage-tally.ts'
import { type JobChanges, JobEntry, type RemovedUsage } from '../memory/job-entry.ts'
import { StoredJobs } from '../memory/stored-jobs.ts'
import { JournaledStore } from './journaled-store.ts'
import { readStore } from './store-files.ts'

/** A journal begins and ends, and is compacted, after a few commits. */
const SMALL = { journalFromBytes: 3_000, slackBytes: 800 }

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
    const folder = await temporaryFolder()
    const path = join(folder, 'store', 'jobs.json')
    await mkdir(dirname(path))
    const disk = new CrashDisk()
    const store = await JournaledStore.open(path, { ...SMALL, disk })
    onTestFinished(() => store.close())
    const confirmed = new Set<string>()
    const failures: unknown[] = []
    const check = async (files: ReadonlyMap<string, Buffer>) => {
      const image = join(folder, 'image', 'jobs.json')
      await rm(dirname(image), { recursive: true, force: true })
      await writeFiles(dirname(image), files)
      const counts = await countsAt(image)
      for (const id of confirmed) expect(counts.get(id), id).toBe(1)
      for (const [id, count] of counts) expect(count, id).toBe(1)
    }
    let operations = 0
    disk.atStep = async () => {
      operations++
      if (failures.length > 0) return
      await check(await disk.afterKill()).catch((error) => failures.push('after a kill', error))
      await check(disk.afterPowerFailure()).catch((error) => failures.push('without power', error))
      // Now and then the disk fails, so that the same change is made again.
      if (operations % 23 === 0) throw new Error('no disk')
    }
    const commit = async (changes: JobChanges, removed?: RemovedUsage) => {
      for (let tries = 0; tries < 20; tries++) {
        const isStored = await store.commit(changes, removed).then(
          () => true,
          () => false,
        )
        // As between requests: a compaction goes on meanwhile.
        await new Promise((resolve) => setImmediate(resolve))
        if (isStored) return
      }
      throw new Error('the disk fails for ever')
    }
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
    disk.atStep = async () => {}
    expect(failures).toEqual([])
    await store.close()
    expect(await countsAt(path)).toEqual(new Map([...confirmed].map((id) => [id, 1])))
  })
})
