import { join } from 'node:path'
import SQLite from 'better-sqlite3'
import { expect, it, onTestFinished } from 'vitest'
import { aJobWith, anItem } from '../../../test/contracts/describe-items.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { TOUCH_GRAIN_MS } from './item-rows.ts'
import { openSqliteJobs } from './open-sqlite.ts'

const HOUR_MS = 3_600_000
const [a, b] = [anItem('a'), anItem('b')]

it('an item is touched again when its last touch is not fresh, and is then kept for an hour more', async () => {
  const path = join(await temporaryFolder(), 'jobs.db')
  const jobs = await openSqliteJobs(path)
  onTestFinished(() => jobs.close())
  const db = new SQLite(path)
  onTestFinished(() => void db.close())
  const touchedAt = ({ id }: { id: string }) =>
    Date.parse(String(db.prepare('select touched_at from items where id = ?').pluck().get(id)))
  const age = (ms: number) => db.prepare('update items set touched_at = ?').run(new Date(Date.now() - ms).toISOString())

  await jobs.storeItems([a, b])
  age(TOUCH_GRAIN_MS - 60_000)
  const fresh = touchedAt(a)
  await jobs.storeItems([a])
  expect(touchedAt(a)).toBe(fresh)
  // So an item that counts as touched this long ago may have been touched later.
  age(HOUR_MS + TOUCH_GRAIN_MS - 60_000)
  expect(await jobs.sweepItems(Date.now() - HOUR_MS, 9)).toBe(0)
  age(2 * HOUR_MS)
  await jobs.storeItems([a])
  expect(await jobs.sweepItems(Date.now() - HOUR_MS, 9)).toBe(1)
  expect(await jobs.findItem(b.id)).toBeUndefined()
  await jobs.insert(aJobWith('job', [a]))
})

it('thousands of items are stored, referred to and swept', async () => {
  const jobs = await openSqliteJobs(join(await temporaryFolder(), 'jobs.db'))
  onTestFinished(() => jobs.close())
  const items = Array.from({ length: 6_000 }, (_, index) => anItem(`item ${index}`))
  await jobs.storeItems(items)
  await jobs.insert(aJobWith('job', items.slice(0, 5_500), 'ann'))
  expect(await jobs.sweepItems(Date.now() + HOUR_MS, 400)).toBe(400)
  expect(await jobs.sweepItems(Date.now() + HOUR_MS, 400)).toBe(100)
  expect(await jobs.countStoredBytes('ann')).toBe(
    items.slice(0, 5_500).reduce((sum, { bytes }) => sum + bytes.length, 0),
  )
})
