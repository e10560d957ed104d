import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, it, onTestFinished } from 'vitest'
import { aJob } from '../../../../test/contracts/stored-job.ts'
import { CrashDisk, writeFiles } from '../../../../test/support/crash-disk.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { textGrowth } from '../../../../test/support/text-growth.ts'
import { type StoredJob, startJob } from '../../../jobs/job.ts'
import type { Growth } from '../memory/growth.ts'
import { DamagedFileError, JobEntry, NewerFileError } from '../memory/job-entry.ts'
import { parseDocument } from './jobs-document.ts'
import { readJournal } from './journal-reader.ts'
import { JournaledStore } from './journaled-store.ts'
import { readStore } from './store-files.ts'

type Files = ReadonlyMap<string, Buffer>

const put = (...jobs: StoredJob[]) => new Map(jobs.map((job) => [job.id, JobEntry.of(job)]))
const running = (id: string) => startJob({ ...aJob(id), prompt: id }, 0)

/** The files of a store that was killed after some commits: two jobs put, one of which grew twice, and one removed. */
async function killedStore(): Promise<{ files: Files; jobs: StoredJob[]; lines: string[] }> {
  const folder = await temporaryFolder()
  const disk = new CrashDisk()
  const store = await JournaledStore.open(join(folder, 'jobs.json'), { journalFromBytes: 0, disk })
  onTestFinished(() => store.close())
  await store.commit(put(running('a'), running('b')))
  for (const text of ['So', ' far\n🙂']) {
    const stored = store.jobs.get('a')
    if (stored?.job.status !== 'running') throw new Error('the job does not run')
    await store.commit(new Map([['a', stored.grown(textGrowth('a', stored.place, text))]]))
  }
  await store.commit(new Map([['b', undefined]]))
  await store.commit(put(running('c')))
  const files = await disk.afterKill()
  const lines = journalOf(files).toString().split('\n').slice(0, -1)
  expect(lines).toHaveLength(7)
  return { files, jobs: store.jobs.all().map(({ job }) => job), lines }
}

const journalOf = (files: Files) => files.get('jobs.json.journal') ?? Buffer.alloc(0)
const withJournal = (files: Files, journal: Buffer | string) =>
  new Map(files).set('jobs.json.journal', Buffer.from(journal))
const linesOf = (lines: readonly string[]) => lines.map((line) => `${line}\n`).join('')

/** A line as the server would write it. */
function lineOf(journalId: string, number: number, kind: string, json: unknown): string {
  const content = `${number} ${kind} ${JSON.stringify(json)}`
  return `${crc32(content, kind === 'journal' ? 0 : crc32(journalId))
    .toString(16)
    .padStart(8, '0')} ${content}`
}

/** Reads a store from its files. The journal comes in chunks that end anywhere. */
async function read(files: Files): Promise<StoredJob[]> {
  const document = parseDocument('jobs.json', files.get('jobs.json') ?? Buffer.alloc(0))
  const { changes } = await readJournal('journal', chunksOf(journalOf(files)), document.journal)
  const jobs: StoredJob[] = []
  for await (const { job } of changes.applyTo(document.entries)) jobs.push(job)
  return jobs
}

async function* chunksOf(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let start = 0; start < bytes.length; start += 333) yield bytes.subarray(start, start + 333)
}

describe('the journal of a store that was killed', () => {
  it('has all changes', async () => {
    const { files, jobs } = await killedStore()
    expect(await read(files)).toEqual(jobs)
    expect(jobs).toMatchObject([{ id: 'a', result: 'So far\n🙂' }, { id: 'c' }])
  })

  it('is refused when any bit of it is not as it was written', async () => {
    const { files } = await killedStore()
    const journal = journalOf(files)
    for (let bit = 0; bit < journal.length * 8; bit++) {
      const damaged = Buffer.from(journal)
      damaged.writeUInt8(damaged.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const error: unknown = await read(withJournal(files, damaged)).catch((reason) => reason)
      expect(error, `bit ${bit}`).toBeInstanceOf(DamagedFileError)
    }
  })

  it('is cut where a crash cut the last write off, and nowhere else', async () => {
    const { files, jobs, lines } = await killedStore()
    const journal = journalOf(files)
    const last = journal.length - Buffer.byteLength(`${lines.at(-1)}\n`)
    for (let length = last; length <= journal.length; length++) {
      // A last line that lacks only its newline counts.
      const isWhole = length >= journal.length - 1
      const torn = journal.subarray(0, length)
      expect(await read(withJournal(files, torn))).toEqual(isWhole ? jobs : jobs.slice(0, 1))
      if (isWhole) continue
      // What a power failure, and a probe of the disk, may leave behind it.
      for (const rest of [Buffer.alloc(4096), Buffer.alloc(4096, ' ')]) {
        expect(await read(withJournal(files, Buffer.concat([torn, rest])))).toEqual(jobs.slice(0, 1))
      }
    }
    const path = join(await temporaryFolder(), 'jobs.json')
    await writeFiles(dirname(path), withJournal(files, journal.subarray(0, last + 9)))
    const store = await JournaledStore.open(path, { journalFromBytes: 0 })
    onTestFinished(() => store.close())
    await store.commit(put(running('d')))
    expect((await readStore(path)).entries.map(({ id }) => id)).toEqual(['a', 'd'])
  })

  it('is refused when its beginning is missing, wherever it begins', async () => {
    const { files } = await killedStore()
    const journal = journalOf(files)
    for (let start = 1; start <= journal.length; start++) {
      await expect(read(withJournal(files, journal.subarray(start))), `from ${start}`).rejects.toThrow(
        /^(line 1: it is no header, so the beginning|its first line is missing)/,
      )
    }
  })

  it.each<[string, (lines: string[]) => string[], RegExp]>([
    [
      'a line is missing',
      (lines) => lines.toSpliced(3, 1),
      /^line 4: it has the number 4 instead of 3: lines are missing/,
    ],
    [
      'two lines are swapped',
      ([a = '', b = '', c = '', ...d]) => [a, c, b, ...d],
      /^line 2: it has the number 2 instead/,
    ],
    ['a line is there twice', (lines) => lines.toSpliced(2, 0, ...lines.slice(1, 2)), /^line 3: it has the number 1/],
    ['a line was edited', (lines) => lines.with(4, (lines[4] ?? '').replace('far', 'ear')), /^line 5: its checksum/],
    ['an empty line was added', (lines) => [...lines, ''], /^line 8: its checksum is wrong/],
    ['it has only its header', (lines) => lines.slice(1), /^line 1: it is no header/],
  ])('is refused when %s', async (_, change, fault) => {
    const { files, lines } = await killedStore()
    const error: unknown = await read(withJournal(files, linesOf(change([...lines])))).catch((reason) => reason)
    expect(error).toBeInstanceOf(DamagedFileError)
    expect(error).toMatchObject({ message: expect.stringMatching(fault) })
  })

  it('is refused when it is missing, empty or from another store', async () => {
    const { files } = await killedStore()
    const other = await killedStore()
    const path = join(await temporaryFolder(), 'jobs.json')
    await writeFile(path, files.get('jobs.json') ?? '')
    await expect(readStore(path)).rejects.toThrow('it is missing, and jobs.json needs its changes')
    await expect(read(withJournal(files, ''))).rejects.toThrow('its first line is missing')
    await expect(read(withJournal(files, journalOf(other.files)))).rejects.toThrow(
      /^line 1: it has the id \S+, but jobs.json names the journal \S+/,
    )
    const [header = ''] = journalOf(files).toString().split('\n')
    const [, ...foreign] = other.lines
    await expect(read(withJournal(files, linesOf([header, ...foreign])))).rejects.toThrow(
      /^line 2: its checksum is wrong/,
    )
  })

  it('is refused when it is older than jobs.json, or newer', async () => {
    const { files, lines } = await killedStore()
    const folder = await temporaryFolder()
    const path = join(folder, 'jobs.json')
    await writeFiles(folder, files)
    // The start moves the changes into jobs.json.
    const store = await JournaledStore.open(path, { journalFromBytes: 0 })
    onTestFinished(() => store.close())
    const later = new Map(files).set('jobs.json', await readFile(path))
    expect(await read(later)).toHaveLength(2)
    await expect(read(withJournal(later, linesOf(lines.slice(0, 5))))).rejects.toThrow(
      'it ends with change 4, but jobs.json has the changes up to 6: its end is missing',
    )
    const cut = withJournal(files, await readFile(`${path}.journal`))
    await expect(read(cut)).rejects.toThrow(
      /^line 1: the journal begins behind change 6, but jobs.json has the changes up to 0/,
    )
  })

  it('is refused beside a jobs.json that names none, unless jobs.json has all its changes', async () => {
    const { files, lines, jobs } = await killedStore()
    const backup = new Map(files).set('jobs.json', Buffer.from('{"version":1,"jobs":[\n\n]}\n'))
    await expect(read(backup)).rejects.toThrow('it has changes, but jobs.json names no journal')
    const id = JSON.parse(lines[0]?.split(' ').slice(3).join(' ') ?? '').id
    const ended = [...lines, lineOf(id, 7, 'end', {})]
    // A stop that was killed before jobs.json was there, and after.
    expect(await read(withJournal(files, linesOf(ended)))).toEqual(jobs)
    expect(await read(withJournal(backup, linesOf(ended)))).toEqual([])
    await expect(read(withJournal(backup, linesOf([...ended, lineOf(id, 8, 'removed', { id: 'a' })])))).rejects.toThrow(
      'it has changes, but jobs.json names no journal',
    )
  })

  it('is called newer, and not damaged, when it has what this version does not know', async () => {
    const { files, lines } = await killedStore()
    const id: string = JSON.parse(lines[0]?.split(' ').slice(3).join(' ') ?? '').id
    const growth = textGrowth('a', 9, '!')
    const readWith = (line: string) => read(withJournal(files, linesOf([...lines, line])))
    expect(await readWith(lineOf(id, 7, 'append', growth))).toMatchObject([{ result: 'So far\n🙂!' }, { id: 'c' }])
    for (const line of [
      lineOf(id, 7, 'append', { ...growth, mood: 'good' }),
      lineOf(id, 7, 'removed', { id: 'a', reason: 'retention' }),
      lineOf(id, 7, 'note', {}),
    ]) {
      await expect(readWith(line)).rejects.toThrow(NewerFileError)
    }
    const header = lineOf(id, 0, 'journal', { format: 3, id })
    await expect(read(withJournal(files, linesOf([header, ...lines.slice(1)])))).rejects.toThrow(NewerFileError)
  })

  it('cuts and appends texts; appends of other runs change nothing, and a text with a hole is refused', async () => {
    const { files, lines } = await killedStore()
    const id: string = JSON.parse(lines[0]?.split(' ').slice(3).join(' ') ?? '').id
    const readWith = async (growth: Growth) => {
      const line = lineOf(id, 7, 'append', growth)
      const [first] = await read(withJournal(files, linesOf([...lines, line])))
      return first?.status === 'running' ? first.result : undefined
    }
    expect(await readWith(textGrowth('a', 2, ' what?'))).toBe('So what?')
    expect(await readWith(textGrowth('a', 0, ''))).toBe('')
    for (const run of [0, 2]) expect(await readWith(textGrowth('a', 99, 'x', run))).toBe('So far\n🙂')
    expect(await readWith(textGrowth('b', 0, 'removed'))).toBe('So far\n🙂')
    await expect(readWith(textGrowth('a', 10, 'x'))).rejects.toThrow(
      'line 8: it continues an answer at 10 that ends at 9',
    )
  })
})

describe('a journal of the first format', () => {
  const FIXTURE = join(import.meta.dirname, '../../../../test/fixtures/first-journal')

  async function fixture(): Promise<string> {
    const path = join(await temporaryFolder(), 'data', 'jobs.json')
    await mkdir(dirname(path))
    await copyFile(join(FIXTURE, 'snapshot'), path)
    await copyFile(join(FIXTURE, 'journal'), `${path}.journal`)
    return path
  }
  const expected = async () =>
    (await readFile(join(FIXTURE, 'jobs.ndjson'), 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line))

  it.each([
    ['of a small store', undefined],
    ['of a large store', 0],
  ])('%s is read, and is gone after the start', async (_, journalFromBytes) => {
    const path = await fixture()
    expect((await readStore(path)).entries.map(({ job }) => job)).toEqual(await expected())
    const store = await JournaledStore.open(path, { ...(journalFromBytes !== undefined && { journalFromBytes }) })
    expect(store.jobs.all().map(({ job }) => job)).toEqual(await expected())
    expect(store.jobs.findByKey('order 2')?.id).toBe('started')
    await store.commit(put(running('new')))
    await store.close()
    expect(await readdir(dirname(path))).toEqual(['jobs.json'])
    expect((await readStore(path)).entries.map(({ id }) => id)).toEqual([
      'waiting',
      'finished',
      'started',
      'later',
      'new',
    ])
  })

  it('is read without the line that a crash cut off', async () => {
    const path = await fixture()
    const journal = await readFile(`${path}.journal`)
    await writeFile(`${path}.journal`, Buffer.concat([journal, journal.subarray(0, 40)]))
    expect((await readStore(path)).entries.map(({ job }) => job)).toEqual(await expected())
    for (const rest of ['', ' '.repeat(4096)]) {
      await writeFile(`${path}.journal`, rest)
      expect((await readStore(path)).entries.map(({ id }) => id)).toEqual(['waiting', 'finished', 'removed'])
    }
  })

  it('is needed until a snapshot has its changes, wherever the start crashes', async () => {
    const path = await fixture()
    const disk = new CrashDisk()
    await disk.adopt(dirname(path))
    const images: Files[] = []
    disk.atStep = async () => {
      images.push(await disk.afterKill(), disk.afterPowerFailure())
    }
    const store = await JournaledStore.open(path, { journalFromBytes: 0, disk })
    onTestFinished(() => store.close())
    expect(images.length).toBeGreaterThan(20)
    const jobs = await expected()
    for (const [index, image] of images.entries()) {
      const folder = join(await temporaryFolder(), String(index))
      await writeFiles(folder, image)
      expect((await readStore(join(folder, 'jobs.json'))).entries.map(({ job }) => job)).toEqual(jobs)
    }
  })
})
