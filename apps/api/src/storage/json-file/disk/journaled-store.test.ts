import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { aJob } from '../../../../test/contracts/describe-job-repository.ts'
import { CrashDisk, writeFiles } from '../../../../test/support/crash-disk.ts'
import { Random } from '../../../../test/support/random.ts'
import { rounds, timeoutOf } from '../../../../test/support/rounds.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { tinyDisk } from '../../../../test/support/tiny-disk.ts'
import { JobEntry } from '../memory/job-entry.ts'
import { JournaledStore, readStore, type StoreOptions } from './journaled-store.ts'

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
    expect((await journalOf(path)).split('\n')).toEqual([
      JSON.stringify(version('a', 1).job),
      JSON.stringify(version('b', 1).job),
      JSON.stringify(version('c', 1).job),
      '{"id":"a","removed":true}',
      '',
    ])
    expect(await readFile(path)).toEqual(before)
    expect(idsOf(await readStore(path))).toEqual(['b', 'c'])
  })

  it('begins a journal when the jobs have become large, and removes it when they have become small', async () => {
    const path = await newPath()
    const store = await open(path, { journalFromBytes: 4_000 })
    await store.commit(put(version('a', 1, 1_000)))
    expect(await readdir(dirname(path))).toEqual(['jobs.json'])
    await store.commit(put(version('b', 1, 3_000)))
    expect(await journalOf(path)).toBe('')
    await store.commit(remove('b'))
    await vi.waitUntil(async () => (await readdir(dirname(path))).join() === 'jobs.json')
    expect(idsOf(await readStore(path))).toEqual(['a'])
    await store.commit(put(version('c', 1)))
    expect(await readFile(path, 'utf8')).toContain('"id":"c"')
  })

  it('writes the journal into jobs.json when it is closed', async () => {
    const path = await newPath()
    const store = await open(path)
    await store.commit(put(version('a', 1)))
    await store.close()
    expect(await readdir(dirname(path))).toEqual(['jobs.json'])
    expect(idsOf(await readStore(path))).toEqual(['a'])
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
    expect(disk.bytesWritten).toBe(version('job-7', 2, 2_000).line.length + 1)
    await store.close()
    // The whole store is written in chunks, so that the event loop runs in between.
    expect(disk.bytesWritten).toBeGreaterThan(4_000_000)
    expect(disk.largestWrite).toBeLessThan(300_000)
  })
})

describe('JournaledStore after a crash during an append', () => {
  it('has all changes but the last one, wherever its line was cut off', async () => {
    const path = await newPath()
    const document = '{"version":1,"jobs":[\n\n]}\n'
    const first = `${JSON.stringify(aJob('a'))}\n{"id":"a","removed":true}\n${JSON.stringify(aJob('b'))}\n`
    const last = Buffer.from(`${JSON.stringify(aJob('c'))}\n`)
    for (let length = 0; length <= last.length; length++) {
      await writeFile(path, document)
      await writeFile(`${path}.journal`, Buffer.concat([Buffer.from(first), last.subarray(0, length)]))
      // A last line that lacks only its newline counts.
      expect(idsOf(await readStore(path))).toEqual(length < last.length - 1 ? ['b'] : ['b', 'c'])
    }
    await writeFile(`${path}.journal`, Buffer.concat([Buffer.from(first), last.subarray(0, 9), Buffer.alloc(4096)]))
    expect(idsOf(await readStore(path))).toEqual(['b'])

    const store = await open(path)
    await store.commit(put(version('d', 1)))
    expect(idsOf(await readStore(path))).toEqual(['b', 'd'])
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
    expect(idsOf(await readStore(path))).toEqual(['a', 'b'])
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
    expect(idsOf(await readStore(path))).toEqual(['a', 'd'])
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
    expect(idsOf(await readStore(path))).toEqual(['a', 'c'])
  })

  it('warns once while it cannot be compacted, and goes on with commits', async () => {
    const path = await newPath()
    const disk = new CrashDisk()
    const warn = vi.fn()
    const store = await open(path, { disk, slackBytes: 1_000, logger: { info: () => {}, warn } })
    disk.atStep = async (operation) => {
      if (operation === 'rename') throw new Error('no rename')
    }
    for (let number = 1; number <= 40; number++) await store.commit(put(version('a', number, 100)))
    expect(warn.mock.calls).toEqual([
      [{ err: new Error('no rename'), journal: `${path}.journal` }, expect.stringContaining('could not compact')],
    ])
    disk.atStep = async () => {}
    const before = (await journalOf(path)).length
    for (let number = 41; number <= 80; number++) await store.commit(put(version('a', number, 100)))
    expect((await journalOf(path)).length).toBeLessThan(before)
    expect((await readStore(path)).map(versionOf)).toEqual([80])
  })
})

/**
 * The versions of each job that may be found in the store; 0 stands for no job. The first is the last one that was confirmed,
 * the others are those of commits that failed or have not ended.
 */
class Ledger {
  readonly #versions = new Map<string, number[]>()

  /** Commits the changes, and notes which versions may be found during the commit and afterwards. */
  async commit(store: JournaledStore, changes: ReadonlyMap<string, JobEntry | undefined>): Promise<void> {
    const next = (entry: JobEntry | undefined) => (entry ? versionOf(entry) : 0)
    for (const [id, entry] of changes) this.#versions.set(id, [...this.of(id), next(entry)])
    try {
      await store.commit(changes)
      for (const [id, entry] of changes) this.#versions.set(id, [next(entry)])
    } catch {
      // A refused version may be found after a crash during the commit, until the next version is confirmed.
    }
  }

  check(entries: Iterable<JobEntry>): void {
    const found = this.#found(entries)
    for (const id of [...found.keys(), ...this.#versions.keys()]) expect(this.of(id)).toContain(found.get(id) ?? 0)
  }

  /** Accepts the confirmed versions only. */
  checkExactly(entries: Iterable<JobEntry>): void {
    const found = this.#found(entries)
    for (const id of [...found.keys(), ...this.#versions.keys()]) expect(found.get(id) ?? 0).toBe(this.of(id)[0])
  }

  of(id: string): number[] {
    return this.#versions.get(id) ?? [0]
  }

  #found(entries: Iterable<JobEntry>): Map<string, number> {
    return new Map(Array.from(entries, (entry) => [entry.id, versionOf(entry)]))
  }
}

describe('JournaledStore after a crash at any file operation', () => {
  const SEED = Number(process.env['CRASH_SEED'] ?? Date.now() % 1_000_000)

  function someChanges(random: Random, number: number): ReadonlyMap<string, JobEntry | undefined> {
    const ids = Array.from({ length: 1 + random.below(3) }, () => `job-${random.below(12)}`)
    // The store grows and shrinks, so that a journal begins and ends.
    const removed = number % 40 < 20 ? 0.2 : 0.9
    return new Map(ids.map((id) => [id, random.next() < removed ? undefined : version(id, number, random.below(200))]))
  }

  it.each([
    ['on a disk that works', 0],
    ['on a disk where one operation in fifty fails', 0.02],
  ])(`has every confirmed commit, %s (CRASH_SEED=${SEED})`, { timeout: timeoutOf(30_000) }, async (_, faults) => {
    const random = new Random(SEED)
    for (const _ of rounds(1)) await crashAtEveryOperation(random, faults)
  })

  async function crashAtEveryOperation(random: Random, faults: number): Promise<void> {
    const folder = await temporaryFolder()
    const path = join(folder, 'store', 'jobs.json')
    await mkdir(dirname(path))
    const disk = new CrashDisk()
    const store = await open(path, { disk, journalFromBytes: 1_500, slackBytes: 600 })
    const ledger = new Ledger()
    const operations = new Map<string, number>()
    const check = async (files: ReadonlyMap<string, Buffer>) => {
      const image = join(folder, 'image', 'jobs.json')
      await rm(dirname(image), { recursive: true, force: true })
      await writeFiles(dirname(image), files)
      ledger.check(await readStore(image))
    }
    // Collected here, because the store would take an error of a check for an error of the disk.
    const failures: unknown[] = []
    disk.atStep = async (operation) => {
      operations.set(operation, (operations.get(operation) ?? 0) + 1)
      if (failures.length > 0) return
      await check(await disk.afterKill()).catch((error) => failures.push('after a kill', operation, error))
      await check(disk.afterPowerFailure()).catch((error) => failures.push('without power', operation, error))
      if (random.next() < faults) throw new Error(`no ${operation}`)
    }
    // With some seeds it takes longer until the store has removed its journal.
    const isEnough = (number: number) => number > 120 && (operations.get('remove') ?? 0) > 0
    for (let number = 1; number <= 1_000 && !isEnough(number); number++) {
      await ledger.commit(store, someChanges(random, number))
      // As between requests. While the journal is missing, commits fail at once, and the compaction needs the event loop.
      await new Promise((resolve) => setImmediate(resolve))
    }
    disk.atStep = async () => {}
    expect(failures).toEqual([])
    expect(operations.get('rename')).toBeGreaterThan(5)
    expect(operations.get('remove')).toBeGreaterThan(0)

    ledger.checkExactly(store.jobs.inOrderOfCreation())
    await store.close()
    ledger.checkExactly(await readStore(path))
    expect(await readdir(dirname(path))).toEqual(['jobs.json'])
  }
})
