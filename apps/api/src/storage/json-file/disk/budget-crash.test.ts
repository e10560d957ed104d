import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { aJob, CREATED_AT } from '../../../../test/contracts/stored-job.ts'
import { CrashDisk, writeFiles } from '../../../../test/support/crash-disk.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { finishJob, startJob } from '../../../jobs/job.ts'
import { Draft } from '../memory/draft.ts'
import { StoredJobs } from '../memory/stored-jobs.ts'
import { JournaledStore } from './journaled-store.ts'
import { readStore } from './store-files.ts'

/** A journal begins and ends, and is compacted, after a few commits. */
const SMALL = { journalFromBytes: 3_000, slackBytes: 800 }
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
    const folder = await temporaryFolder()
    const path = join(folder, 'store', 'jobs.json')
    await mkdir(dirname(path))
    const disk = new CrashDisk()
    const store = await JournaledStore.open(path, { ...SMALL, disk })
    onTestFinished(() => store.close())
    /** When the next delivery of each stored job is due, and when it will be after the commit under way. */
    const due = new Map<string, number[]>()
    const failures: unknown[] = []
    const check = async (files: ReadonlyMap<string, Buffer>) => {
      const image = join(folder, 'image', 'jobs.json')
      await rm(dirname(image), { recursive: true, force: true })
      await writeFiles(dirname(image), files)
      const { entries, removedUsage } = await readStore(image)
      const { budgets } = new StoredJobs(entries, removedUsage)
      const found = new Map(entries.map(({ id, notifyAt }) => [id, notifyAt]))
      for (const [id, times] of due) {
        expect(budgets.reservedOf(id) + budgets.spentOf(id, DAY, DAY), id).toBe(RESERVED)
        if (times.length > 0) expect(times, id).toContain(found.get(id))
      }
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
    const commit = async (change: (draft: Draft) => unknown) => {
      for (let tries = 0; tries < 20; tries++) {
        const draft = new Draft(store.jobs)
        change(draft)
        const isStored = await store.commit(draft.changes, draft.removedUsage).then(
          () => true,
          () => false,
        )
        // As between requests: a compaction goes on meanwhile.
        await new Promise((resolve) => setImmediate(resolve))
        if (isStored) return
      }
      throw new Error('the disk fails for ever')
    }
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
    disk.atStep = async () => {}
    expect(failures).toEqual([])
    await check(disk.afterPowerFailure())
  })
})
