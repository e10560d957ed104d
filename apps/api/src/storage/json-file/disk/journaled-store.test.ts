import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { aJob } from '../../../../test/contracts/stored-job.ts'
import { CrashDisk } from '../../../../test/support/crash-disk.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { tinyDisk } from '../../../../test/support/tiny-disk.ts'
import { JobEntry } from '../memory/job-entry.ts'
import { parseDocument } from './jobs-document.ts'
import { JournaledStore, JournalFullError, type StoreOptions } from './journaled-store.ts'
import { readStore } from './store-files.ts'

/** A job whose prompt begins with its version. */
const version = (id: string, number: number, padding = 0) =>
  JobEntry.of({ ...aJob(id), prompt: `${number} ${'x'.repeat(padding)}` })
const versionOf = ({ job }: JobEntry) => Number.parseInt(job.prompt, 10)
const put = (...entries: JobEntry[]) => new Map(entries.map((entry) => [entry.id, entry]))
const remove = (id: string) => new Map([[id, undefined]])
const idsOf = (entries: Iterable<JobEntry>) => Array.from(entries, ({ id }) => id)

async function open(path: string, options?: StoreOptions): Promise<JournaledStore> {
  const store = await JournaledStore.open(path, { journalFromBytes: 0, ...options })
  onTestFinished(() => store.close())
  return store
}
const newPath = async () => join(await temporaryFolder(), 'jobs.json')
const journalOf = (path: string) => readFile(`${path}.journal`, 'utf8')

describe('JournaledStore with a journal', () => {
  it('appends a line for each change and leaves jobs.json unchanged', async () => {
    const path = await newPath()
    const store = await open(path)
    await store.commit(put(version('a', 1)))
    const before = await readFile(path)
    await store.commit(new Map([...put(version('b', 1), version('c', 1)), ...remove('a')]))
    const lines = (await journalOf(path)).split('\n')
    const { journal } = parseDocument(path, before)
    expect(lines.map((line) => line.slice('00000000 '.length))).toEqual([
      `0 journal {"format":2,"id":"${journal?.id}"}`,
      `1 job ${JSON.stringify(version('a', 1).job)}`,
      `2 job ${JSON.stringify(version('b', 1).job)}`,
      `3 job ${JSON.stringify(version('c', 1).job)}`,
      '4 removed {"id":"a"}',
      '',
    ])
    expect(await readFile(path)).toEqual(before)
    expect(idsOf((await readStore(path)).entries)).toEqual(['b', 'c'])
  })

  it('begins a journal when the jobs have become large, and removes it when they have become small', async () => {
    const path = await newPath()
    const store = await open(path, { journalFromBytes: 4_000 })
    await store.commit(put(version('a', 1, 1_000)))
    expect(await readdir(dirname(path))).toEqual(['jobs.json'])
    await store.commit(put(version('b', 1, 3_000)))
    expect(await journalOf(path)).toMatch(/^[0-9a-f]{8} 0 journal .*\n$/)
    expect(await readFile(path, 'utf8')).toMatch(/^\{"version":2,"journal"/)
    await store.commit(remove('b'))
    await vi.waitUntil(async () => (await readdir(dirname(path))).join() === 'jobs.json')
    expect(idsOf((await readStore(path)).entries)).toEqual(['a'])
    await store.commit(put(version('c', 1)))
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ version: 1, jobs: [{ id: 'a' }, { id: 'c' }] })
  })

  it('writes the journal into jobs.json when it is closed', async () => {
    const path = await newPath()
    const store = await open(path)
    await store.commit(put(version('a', 1)))
    await store.close()
    expect(await readdir(dirname(path))).toEqual(['jobs.json'])
    // An older server reads this version.
    expect(await readFile(path, 'utf8')).toBe(`{"version":1,"jobs":[\n${JSON.stringify(version('a', 1).job)}\n]}\n`)
  })

  it('keeps the order of creation', async () => {
    const path = await newPath()
    const store = await open(path)
    await store.commit(put(version('b', 1), version('a', 1)))
    await store.commit(put(version('b', 2)))
    await store.close()
    const again = await open(path)
    expect(idsOf(again.jobs.inOrderOfCreation())).toEqual(['b', 'a'])
  })

  it('writes as many bytes for a commit as the changed jobs have, however large the store is', async () => {
    const disk = new CrashDisk()
    const store = await open(await newPath(), { disk })
    await store.commit(put(...Array.from({ length: 2_000 }, (_, index) => version(`job-${index}`, 1, 2_000))))
    disk.bytesWritten = 0
    await store.commit(put(version('job-7', 2, 2_000)))
    expect(disk.bytesWritten).toBe('00000000 2001 job \n'.length + version('job-7', 2, 2_000).bytes)
    await store.close()
    // The whole store is written in chunks, so that the event loop runs in between.
    expect(disk.bytesWritten).toBeGreaterThan(4_000_000)
    expect(disk.largestWrite).toBeLessThan(300_000)
  })
})

describe('JournaledStore on a disk that fails', () => {
  it('stores nothing of a commit that did not fit, and goes on when there is room', async ({ skip }) => {
    const folder = await tinyDisk('256k', skip)
    const path = join(folder, 'jobs.json')
    const store = await open(path)
    await store.commit(put(version('a', 1)))
    const before = await journalOf(path)
    await expect(store.commit(put(version('b', 1), version('c', 1, 300_000)))).rejects.toThrow('ENOSPC')
    expect(await journalOf(path)).toBe(before)
    expect(idsOf(store.jobs.inOrderOfCreation())).toEqual(['a'])

    await writeFile(join(folder, 'ballast'), Buffer.alloc(1_000_000)).catch(() => {})
    await expect(store.commit(put(version('b', 1, 10_000)))).rejects.toThrow('ENOSPC')
    // The probe writes as much as was refused. One byte would have fitted.
    await expect(store.commit(new Map())).rejects.toThrow('ENOSPC')
    await rm(join(folder, 'ballast'))
    await store.commit(put(version('b', 1, 10_000)))
    expect(idsOf((await readStore(path)).entries)).toEqual(['a', 'b'])
  })

  it('refuses commits until it could remove the bytes of a failed one', async () => {
    const path = await newPath()
    const disk = new CrashDisk()
    const store = await open(path, { disk })
    await store.commit(put(version('a', 1)))
    const before = await journalOf(path)
    disk.atStep = async (operation) => {
      if (operation === 'datasync' || operation === 'truncate') throw new Error(`no ${operation}`)
    }
    await expect(store.commit(put(version('b', 1)))).rejects.toThrow('no datasync')
    await expect(store.commit(put(version('c', 1)))).rejects.toThrow('no truncate')
    await expect(store.commit(new Map())).rejects.toThrow('no truncate')
    disk.atStep = async () => {}
    await store.commit(new Map())
    expect(await journalOf(path)).toBe(before)
    await store.commit(put(version('d', 1)))
    expect(idsOf((await readStore(path)).entries)).toEqual(['a', 'd'])
  })

  it.each([
    ['removed', (journal: string) => rm(journal)],
    [
      'replaced',
      (journal: string) => rename(journal, `${journal}.old`).then(() => writeFile(journal, 'something else')),
    ],
    ['shortened', (journal: string) => writeFile(journal, '')],
  ])('creates a new journal when another program %s it, and loses nothing', async (_, harm) => {
    const path = await newPath()
    const store = await open(path)
    await store.commit(put(version('a', 1)))
    await harm(`${path}.journal`)
    await expect(store.commit(put(version('b', 1)))).rejects.toThrow(/was (moved or removed|replaced or shortened)/)
    await vi.waitUntil(() =>
      store.commit(put(version('c', 1))).then(
        () => true,
        () => false,
      ),
    )
    expect(idsOf((await readStore(path)).entries)).toEqual(['a', 'c'])
  })

  it('warns once while it cannot be compacted, and goes on with commits', async () => {
    const path = await newPath()
    const disk = new CrashDisk()
    const warn = vi.fn()
    const store = await open(path, { disk, slackBytes: 2_000, logger: { info: () => {}, warn } })
    disk.atStep = async (operation) => {
      if (operation === 'rename') throw new Error('no rename')
    }
    for (let number = 1; number <= 20; number++) await store.commit(put(version('a', number, 100)))
    expect(warn.mock.calls).toEqual([
      [{ err: new Error('no rename'), journal: `${path}.journal` }, expect.stringContaining('could not compact')],
    ])
    disk.atStep = async () => {}
    const before = (await journalOf(path)).length
    for (let number = 21; number <= 60; number++) await store.commit(put(version('a', number, 100)))
    expect((await journalOf(path)).length).toBeLessThan(before)
    expect((await readStore(path)).entries.map(versionOf)).toEqual([60])
  })
})

describe('the journal of JournaledStore', () => {
  const SLACK = 2_000
  const boundOf = (store: JournaledStore) => store.jobs.bytes * 2 + SLACK * 4

  it('stays within its bound when changes come faster than jobs.json is written: they wait', async () => {
    const path = await newPath()
    const disk = new CrashDisk()
    const store = await open(path, { disk, slackBytes: SLACK })
    const gate = Promise.withResolvers<void>()
    let isHeld = false
    // The first step of a compaction.
    disk.atStep = async (operation) => {
      if (operation === 'open' && store.jobs.count > 0 && !isHeld) {
        isHeld = true
        await gate.promise
      }
    }
    let commits = 0
    const writing = (async () => {
      for (let number = 1; number <= 100; number++) {
        await store.commit(put(version('a', number, 300)))
        commits++
      }
    })()
    await vi.waitUntil(() => isHeld)
    gate.resolve()
    await writing
    expect(commits).toBe(100)
    const line = version('a', 100, 300).bytes + 30
    expect((await journalOf(path)).length).toBeLessThan(boundOf(store) + line)
    expect((await readStore(path)).entries.map(versionOf)).toEqual([100])
  })

  it('takes no more at its bound while jobs.json cannot be written, and goes on when it can', async () => {
    const path = await newPath()
    const disk = new CrashDisk()
    const store = await open(path, { disk, slackBytes: SLACK })
    disk.atStep = async (operation) => {
      if (operation === 'rename') throw new Error('no rename')
    }
    let number = 0
    const fill = async () => {
      for (;;) await store.commit(put(version('a', ++number, 300)))
    }
    await expect(fill()).rejects.toThrow(JournalFullError)
    const { length } = await journalOf(path)
    expect(length).toBeGreaterThan(boundOf(store))
    expect(length).toBeLessThan(boundOf(store) + version('a', 1, 300).bytes + 30)
    await expect(store.commit(new Map())).rejects.toThrow(/^The journal of the job store has \d+ bytes, the most/)
    expect((await journalOf(path)).length).toBe(length)
    expect((await readStore(path)).entries.map(versionOf)).toEqual([number - 1])

    disk.atStep = async () => {}
    await store.commit(put(version('a', number, 300)))
    expect((await journalOf(path)).length).toBeLessThan(boundOf(store))
    expect((await readStore(path)).entries.map(versionOf)).toEqual([number])
  })
})
