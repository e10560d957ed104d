import { mkdir, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { aLongJob } from '../../../../test/contracts/describe-histories.ts'
import { aJobWith, anItem } from '../../../../test/contracts/describe-items.ts'
import { aJob } from '../../../../test/contracts/stored-job.ts'
import { CrashDisk } from '../../../../test/support/crash-disk.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { sharingJobRepository } from '../../../jobs/history/sharing-job-repository.ts'
import { StorageUnavailableError } from '../../../jobs/ports/storage-errors.ts'
import type { Item } from '../../../jobs/ports/stored-values.ts'
import { JsonFileJobRepository } from '../json-file-job-repository.ts'
import { nodeDisk } from './disk.ts'
import { ItemFolder } from './item-folder.ts'

const HOUR_MS = 3_600_000
const [a, b] = [anItem('a'.repeat(1_000)), anItem('b'.repeat(1_000))]

async function newFolder() {
  const folder = await temporaryFolder()
  const jobsPath = join(folder, 'jobs.json')
  return { folder, jobsPath, path: `${jobsPath}.items`, items: await ItemFolder.open(jobsPath, nodeDisk) }
}

/** Sets the time when an item was last touched. */
const age = (path: string, { id }: Item, ms: number) =>
  utimes(join(path, id), new Date(Date.now() - ms), new Date(Date.now() - ms))

describe('jobs.json.items', () => {
  it('is made with the first item, and only its owner can read the folder and its files', async () => {
    const { folder, path, items } = await newFolder()
    await items.store([])
    expect(await readdir(folder)).toEqual([])
    await items.store([a])
    expect((await stat(path)).mode & 0o777).toBe(0o700)
    expect((await stat(join(path, a.id))).mode & 0o777).toBe(0o600)
    expect(await readdir(path)).toEqual([a.id])
  })

  it('keeps an item that was stored again for an hour more', async () => {
    const { path, items } = await newFolder()
    await items.store([a, b])
    for (const item of [a, b]) await age(path, item, 2 * HOUR_MS)
    await items.store([a])
    expect(await items.sweep(Date.now() - HOUR_MS, 9, () => false)).toBe(1)
    expect(await readdir(path)).toEqual([a.id])
  })

  it('writes a file again that is not as long as its item', async () => {
    const { path, items } = await newFolder()
    await items.store([a])
    await writeFile(join(path, a.id), 'cut')
    await items.store([a])
    expect(await items.find(a.id)).toEqual(a.bytes)
  })

  it('loses the rest of a write that a crash cut off with the next sweep, and nothing that is new', async () => {
    const { path, items } = await newFolder()
    await items.store([a])
    await writeFile(join(path, `.${b.id}.tmp`), 'half')
    await age(path, { ...b, id: `.${b.id}.tmp` }, 2 * HOUR_MS)
    expect(await items.sweep(Date.now() - HOUR_MS, 9, () => false)).toBe(0)
    expect(await readdir(path)).toEqual([a.id])
    for await (const item of items.all()) expect(item).toEqual(a)
  })

  it('is created again when it was removed', async () => {
    const { path, items } = await newFolder()
    await items.store([a])
    await rm(path, { recursive: true })
    await items.store([b])
    expect(await items.find(b.id)).toEqual(b.bytes)
  })

  it('refuses items as unavailable when it cannot be written, and takes them later', async () => {
    const { jobsPath, path } = await newFolder()
    const jobs = await JsonFileJobRepository.open(jobsPath)
    onTestFinished(() => jobs.close())
    await writeFile(path, 'not a folder')
    await expect(jobs.storeItems([a])).rejects.toThrow(StorageUnavailableError)
    await rm(path)
    await jobs.storeItems([a])
    await jobs.insert(aJobWith('job', [a]))
  })

  it('is missed at the start when jobs refer to items that are gone', async () => {
    const { jobsPath, path } = await newFolder()
    const first = await JsonFileJobRepository.open(jobsPath)
    await first.storeItems([a, b])
    await first.insert(aJobWith('job', [a, b]))
    await first.close()
    await rm(join(path, a.id))
    const warn = vi.fn()
    const jobs = await JsonFileJobRepository.open(jobsPath, { logger: { info: () => {}, warn } })
    onTestFinished(() => jobs.close())
    expect(warn.mock.calls).toEqual([
      [expect.objectContaining({ missingItems: 1 }), expect.stringMatching(/restore the folder jobs\.json\.items/)],
    ])
  })

  it('has every item and every block that a job on disk refers to, whenever the machine loses power', async () => {
    const folder = await temporaryFolder()
    // The entry of the folder is flushed when it is made, which this disk does not follow.
    await mkdir(join(folder, 'jobs.json.items'))
    const disk = new CrashDisk()
    const jobs = await JsonFileJobRepository.open(join(folder, 'jobs.json'), { disk, journalFromBytes: 2_000 })
    onTestFinished(() => jobs.close())
    let states = 0
    disk.atStep = async () => {
      const files = disk.afterPowerFailure()
      const records = [files.get('jobs.json'), files.get('jobs.json.journal')].join('')
      const blocks = [...records.matchAll(/"history":(\[[^\]]*\])/g)].flatMap(([, refs = '']) => idsIn(refs))
      for (const id of [...idsIn(records), ...blocks.flatMap((block) => idsIn(String(files.get(block))))]) {
        states += 1
        expect(anItem(files.get(id) ?? '').id).toBe(id)
      }
    }
    for (let round = 0; round < 12; round += 1) {
      const items = Array.from({ length: 3 }, (_, index) => anItem(`item ${index} of round ${round}`))
      await Promise.all([jobs.storeItems(items), jobs.insert(aJob(`text-${round}`))])
      await jobs.insert(aJobWith(`job-${round}`, items))
    }
    for (let turns = 30; turns < 34; turns += 1) {
      const { job, items } = aLongJob(`long-${turns}`, turns)
      await jobs.storeItems(items)
      await sharingJobRepository(jobs).insert(job)
    }
    expect(states).toBeGreaterThan(200)
  })
})

function idsIn(json: string): string[] {
  return [...json.matchAll(/"item":"([0-9a-f]{64})"/g)].map(([, id = '']) => id)
}
