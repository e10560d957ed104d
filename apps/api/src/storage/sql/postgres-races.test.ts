import { expect, it, onTestFinished } from 'vitest'
import { aJobWith, anItem } from '../../../test/contracts/describe-items.ts'
import { aJob, insertFinished } from '../../../test/contracts/stored-job.ts'
import { withPostgres } from '../../../test/support/test-postgres.ts'
import { ItemSweptError, PreviousJobGoneError } from '../../jobs/ports/storage-errors.ts'
import { openPostgresJobs } from './open-postgres.ts'

const DAY_MS = 86_400_000
const ROUNDS = 40

await withPostgres((newDatabase) => {
  async function openTwo() {
    const url = await newDatabase()
    const open = () => openPostgresJobs(url, { logger: { info: () => {}, warn: () => {} }, shared: true })
    const stores = [await open(), await open()] as const
    onTestFinished(async () => void (await Promise.all(stores.map((jobs) => jobs.close()))))
    return stores
  }

  it('an item that one process sweeps is there for the job of another process, or the job is refused', async () => {
    const [first, second] = await openTwo()
    let stored = 0
    for (let round = 0; round < ROUNDS; round += 1) {
      const items = [anItem(`first of round ${round}`), anItem(`second of round ${round}`)]
      await first.storeItems(items)
      const [swept, inserted, again] = await Promise.allSettled([
        second.sweepItems(Date.now() + DAY_MS, 99),
        first.insert(aJobWith(`job-${round}`, items)),
        second.storeItems(items),
      ])
      expect([swept.status, again.status]).toEqual(['fulfilled', 'fulfilled'])
      if (inserted.status === 'rejected') {
        expect(inserted.reason).toBeInstanceOf(ItemSweptError)
        continue
      }
      stored += 1
      for (const { id, bytes } of items) expect(Buffer.from((await second.findItem(id)) ?? [])).toEqual(bytes)
    }
    expect(stored).toBeGreaterThan(0)
  })

  it('a job that one process removes as expired is there for a job behind it, or that one is refused', async () => {
    const [first, second] = await openTwo()
    for (let round = 0; round < ROUNDS; round += 1) {
      const previousJobId = `first-${round}`
      await insertFinished(first, aJob(previousJobId), 1_000)
      const [removed, inserted] = await Promise.allSettled([
        second.deleteExpired({ endedBefore: Date.now(), endedLongBefore: 0 }, 99),
        first.insert({ ...aJob(`second-${round}`), previousJobId }),
      ])
      expect(removed.status).toBe('fulfilled')
      if (inserted.status === 'fulfilled') expect(await second.find(previousJobId)).toBeDefined()
      else expect(inserted.reason).toBeInstanceOf(PreviousJobGoneError)
    }
  })

  it('two processes store the same items and sweep at once without an error', async () => {
    const stores = await openTwo()
    const items = Array.from({ length: 50 }, (_, index) => anItem(`item ${index}`))
    const work = Array.from({ length: 10 }, (_, index) => [
      stores[index % 2 ? 0 : 1].storeItems(index % 3 ? items : items.toReversed()),
      stores[index % 2 ? 1 : 0].sweepItems(Date.now() + DAY_MS, 20),
    ])
    await Promise.all(work.flat())
    await stores[0].storeItems(items)
    for (const { id, bytes } of items) expect(Buffer.from((await stores[1].findItem(id)) ?? [])).toEqual(bytes)
  })
})
