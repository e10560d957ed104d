import { copyFile, lstat, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { anItem } from '../../../test/contracts/describe-items.ts'
import { describeJobRepository } from '../../../test/contracts/describe-job-repository.ts'
import { aJob } from '../../../test/contracts/stored-job.ts'
import { mountAlone } from '../../../test/support/bind-mount.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { startJob } from '../../jobs/job.ts'
import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { nodeDisk } from './disk/disk.ts'
import type { StoreOptions } from './disk/journaled-store.ts'
import { readStore } from './disk/store-files.ts'
import { JsonFileJobRepository } from './json-file-job-repository.ts'

const newFile = async () => join(await temporaryFolder(), 'jobs.json')

async function open(path: string, options?: StoreOptions): Promise<JsonFileJobRepository> {
  const jobs = await JsonFileJobRepository.open(path, options)
  onTestFinished(() => jobs.close())
  return jobs
}

describeJobRepository('JsonFileJobRepository', async () => {
  const path = await newFile()
  return { open: () => JsonFileJobRepository.open(path) }
})

describeJobRepository('JsonFileJobRepository with a journal', async () => {
  const path = await newFile()
  return { open: () => JsonFileJobRepository.open(path, { journalFromBytes: 0 }) }
})

describe('the jobs.json of JsonFileJobRepository', () => {
  it('has one job a line, and a change of a job changes only its line', async () => {
    const path = await newFile()
    const jobs = await open(path)
    await jobs.insert(aJob('a'))
    await jobs.insert(aJob('b'))
    const before = (await readFile(path, 'utf8')).split('\n')
    expect(before[1]).toBe(`${JSON.stringify(aJob('a'))},`)
    expect(before[2]).toBe(JSON.stringify(aJob('b')))

    await jobs.replace(startJob(aJob('b'), 0), { status: 'pending' })
    const text = await readFile(path, 'utf8')
    const changed = text.split('\n').filter((line, index) => line !== before[index])
    expect(changed).toEqual([JSON.stringify(startJob(aJob('b'), 0))])
    expect(JSON.parse(text)).toEqual({ version: 1, jobs: [aJob('a'), startJob(aJob('b'), 0)] })
  })

  it('is written once for all changes that arrive during a write', async () => {
    const path = await newFile()
    const jobs = await open(path)
    const inodes = new Set<number>()
    const inserts = Array.from({ length: 200 }, async (_, index) => {
      await jobs.insert(aJob(`job-${index}`))
      inodes.add((await stat(path)).ino)
    })
    await Promise.all(inserts)
    // Each write makes a new file. The file system uses two or three inodes in turn.
    expect(inodes.size).toBeLessThanOrEqual(3)
  })

  it('can be read and written by its owner alone', async () => {
    const path = await newFile()
    await open(path)
    expect((await stat(path)).mode & 0o777).toBe(0o600)
  })

  it('keeps unknown fields of finished jobs', async () => {
    const path = await newFile()
    const fromTheFuture = { ...aJob('a'), priority: 7 }
    await writeFile(path, JSON.stringify({ version: 1, jobs: [fromTheFuture] }))
    const jobs = await open(path)
    await jobs.insert(aJob('b'))
    expect(await readFile(path, 'utf8')).toContain(JSON.stringify(fromTheFuture))
  })

  it('is created where a symbolic link points', async () => {
    const folder = await temporaryFolder()
    await mkdir(join(folder, 'disk'))
    await symlink('disk/jobs.json', join(folder, 'link.json'))
    const jobs = await open(join(folder, 'link.json'))
    await jobs.insert(aJob('a'))
    expect(await readFile(join(folder, 'disk', 'jobs.json'), 'utf8')).toContain('"id":"a"')
    expect((await lstat(join(folder, 'link.json'))).isSymbolicLink()).toBe(true)
    await expect(JsonFileJobRepository.open(join(folder, 'disk', 'jobs.json'))).rejects.toThrow(/is in use by/)
    await symlink('b.json', join(folder, 'a.json'))
    await symlink('a.json', join(folder, 'b.json'))
    await expect(JsonFileJobRepository.open(join(folder, 'a.json'))).rejects.toThrow(/more than 40 symbolic links/)
  })

  it('is created together with its folder', async () => {
    const path = join(await temporaryFolder(), 'data', 'deep', 'jobs.json')
    const jobs = await open(path)
    await jobs.insert(aJob('a'))
    expect(await readFile(path, 'utf8')).toContain('"id":"a"')
  })
})

describe('JsonFileJobRepository refuses to open', () => {
  const job = JSON.stringify(aJob('a'))
  it.each([
    ['an empty file', '', /it is empty/],
    ['half a file', `{"version":1,"jobs":[\n${job.slice(0, 40)}`, /it is not JSON/],
    ['another JSON document', '[]', /expected object/],
    ['a document of another version', '{"version":0,"jobs":[]}', /version/],
    ['an invalid job', `{"version":1,"jobs":[${job}, {"id":"b","status":"done"}]}`, /jobs\[1\]/],
    ['a field of the wrong type', `{"version":1,"jobs":[${job.replace('"echo"', '5')}]}`, /jobs\[0\]: provider/],
    ['an id that occurs twice', `{"version":1,"jobs":[${job},${job}]}`, /jobs\[1\]: the id a occurs twice/],
    ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0xfe]), /not UTF-8/],
  ])('%s, names the fault and leaves the file unchanged', async (_, content, fault) => {
    const path = await newFile()
    await writeFile(path, content)
    const error: unknown = await JsonFileJobRepository.open(path).catch((reason) => reason)
    expect(error).toBeInstanceOf(StoreOpenError)
    expect(String(error)).toContain(path)
    expect(String(error)).toMatch(fault)
    expect(await readFile(path)).toEqual(Buffer.from(content))
    // The lock was released.
    await rm(path)
    await open(path)
  })

  const journalLine = `${job}\n`
  it.each([
    ['a line that is not JSON', `${journalLine}{"id":\n${journalLine}`, /line 2: it is not JSON/],
    ['an empty line', `\n${journalLine}`, /line 1: it is not JSON/],
    ['an invalid job', `${journalLine}{"id":"b","status":"done"}\n`, /line 2: status/],
    ['an invalid removal', `{"id":"b","removed":1}\n`, /line 1: removed/],
    ['bytes that are not UTF-8', Buffer.from([0xff, 0x0a]), /line 1: it is not UTF-8/],
  ])('a journal with %s, names the fault and leaves both files unchanged', async (_, content, fault) => {
    const path = await newFile()
    const document = '{"version":1,"jobs":[]}'
    await writeFile(path, document)
    await writeFile(`${path}.journal`, content)
    const error: unknown = await JsonFileJobRepository.open(path).catch((reason) => reason)
    expect(error).toBeInstanceOf(StoreOpenError)
    expect(String(error)).toContain(`${path}.journal`)
    expect(String(error)).toMatch(fault)
    expect(await readFile(path, 'utf8')).toBe(document)
    expect(await readFile(`${path}.journal`)).toEqual(Buffer.from(content))
  })

  it('a journal that jobs.json names and that is missing or damaged, and says what to do', async () => {
    const path = await newFile()
    const jobs = await open(path, { journalFromBytes: 0 })
    await jobs.insert(aJob('a'))
    const copy = await newFile()
    await copyFile(path, copy)
    const missing = JsonFileJobRepository.open(copy)
    await expect(missing).rejects.toThrow(StoreOpenError)
    await expect(missing).rejects.toThrow(
      /jobs\.json\.journal .* it is missing.*Keep copies.*restore both from one backup/,
    )

    const damaged = (await readFile(`${path}.journal`, 'utf8')).replace('echo', 'ECHO')
    await writeFile(`${copy}.journal`, damaged)
    await expect(JsonFileJobRepository.open(copy)).rejects.toThrow(/line 2: its checksum is wrong/)
    expect(await readFile(copy)).toEqual(await readFile(path))
    expect(await readFile(`${copy}.journal`, 'utf8')).toBe(damaged)

    // What the message says an operator may do.
    await rm(`${copy}.journal`)
    const text = await readFile(copy, 'utf8')
    await writeFile(copy, text.replace(/^.*/, '{"version":1,"jobs":['))
    const again = await open(copy)
    expect(await again.list({ limit: 9 })).toEqual([])
  })

  it('a journal without its jobs.json', async () => {
    const path = await newFile()
    await writeFile(`${path}.journal`, journalLine)
    await expect(JsonFileJobRepository.open(path)).rejects.toThrow(/to which it belongs, is missing/)
    expect(await readFile(`${path}.journal`, 'utf8')).toBe(journalLine)
  })

  it('a file in a folder that cannot be written', async () => {
    await expect(JsonFileJobRepository.open('/dev/null/jobs.json')).rejects.toThrow(
      /The folder of the job store .* cannot be used/,
    )
  })

  it('a folder', async () => {
    const folder = await temporaryFolder()
    await expect(JsonFileJobRepository.open(folder)).rejects.toThrow(/cannot be read and written: EISDIR/)
  })

  const MOUNTED = /cannot be replaced: EBUSY.* mounted as a single file\. Mount its folder instead\./

  it('a file that is mounted by itself, and says what to mount', async ({ skip }) => {
    const path = await newFile()
    await writeFile(path, '{"version":1,"jobs":[]}')
    await mountAlone(path, skip)
    await expect(JsonFileJobRepository.open(path)).rejects.toThrow(MOUNTED)
    expect(await readFile(path, 'utf8')).toBe('{"version":1,"jobs":[]}')
    expect(await readdir(dirname(path))).not.toContain('.jobs.json.tmp')
  })

  it('a file that the system does not let it replace, with the same words', async () => {
    const rename = async () => {
      throw Object.assign(new Error('EBUSY: resource busy or locked, rename'), { code: 'EBUSY' })
    }
    const opened = JsonFileJobRepository.open(await newFile(), { disk: { ...nodeDisk, rename } })
    await expect(opened).rejects.toThrow(StoreOpenError)
    await expect(opened).rejects.toThrow(MOUNTED)
  })

  it('a file that another server uses, and names that server', async () => {
    const path = await newFile()
    const first = await JsonFileJobRepository.open(path)
    await first.insert(aJob('a'))
    await expect(JsonFileJobRepository.open(path)).rejects.toThrow(
      new RegExp(`is in use by process ${process.pid} on `),
    )
    await first.close()
    const second = await open(path)
    expect(await second.find('a')).toEqual(aJob('a'))
  })
})

describe('JsonFileJobRepository of a newer version', () => {
  it('is not called damaged, and stays as it is', async () => {
    const path = await newFile()
    const content = '{"version":8,"jobs":[],"more":true}'
    await writeFile(path, content)
    const opened = JsonFileJobRepository.open(path)
    await expect(opened).rejects.toThrow(StoreOpenError)
    await expect(opened).rejects.toThrow(/was made by a newer version of this server/)
    expect(await readFile(path, 'utf8')).toBe(content)
  })
})

describe('the journal of JsonFileJobRepository', () => {
  it('has records of versions 3 to 6 in lines of kinds that earlier servers refuse, and reads them', async () => {
    const path = await newFile()
    const jobs = await open(path, { journalFromBytes: 0 })
    const hidden = { ...aJob('a'), deleteAfter: '2026-11-27T10:00:00.000Z' }
    const passedOn = { ...hidden, id: 'c', fallbacks: [{ provider: 'openai', model: 'gpt' }] }
    const limited = { ...passedOn, id: 'd', maxCostUsd: 1 }
    const block = anItem('{"messages":[]}')
    await jobs.storeItems([block])
    const shared = { ...aJob('e'), history: [{ item: block.id, bytes: block.bytes.length }] }
    for (const job of [hidden, aJob('b'), passedOn, limited, shared]) await jobs.insert(job)
    expect(await readFile(`${path}.journal`, 'utf8')).toMatch(
      /^\w+ 1 later-job \{"id":"a"[^\n]*\n\w+ 2 job \{"id":"b"[^\n]*\n\w+ 3 fallback-job \{"id":"c"[^\n]*\n\w+ 4 budget-job \{"id":"d"[^\n]*\n\w+ 5 history-job \{"id":"e"/m,
    )
    expect((await readStore(path)).entries.map(({ job }) => job)).toEqual([
      hidden,
      aJob('b'),
      passedOn,
      limited,
      shared,
    ])
    await jobs.close()
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      version: 7,
      jobs: [hidden, aJob('b'), passedOn, limited, shared],
    })
  })
})

describe('JsonFileJobRepository on a disk that fails', () => {
  it.each([
    ['without a journal', undefined],
    ['with a journal', { journalFromBytes: 0 }],
  ])('%s, refuses changes, keeps its jobs, and goes on when the disk works again', async (_, options) => {
    const path = await newFile()
    const jobs = await open(path, options)
    await jobs.insert(aJob('a'))
    const folder = dirname(path)
    await rename(folder, `${folder}-gone`)

    await expect(jobs.insert(aJob('b'))).rejects.toThrow(StorageUnavailableError)
    await expect(jobs.replace(startJob(aJob('a'), 0), { status: 'pending' })).rejects.toThrow(StorageUnavailableError)
    await expect(jobs.checkHealth()).rejects.toThrow(StorageUnavailableError)
    expect(await jobs.find('a')).toEqual(aJob('a'))
    expect(await jobs.find('b')).toBeUndefined()

    await rename(`${folder}-gone`, folder)
    await expect(jobs.checkHealth()).resolves.toBeUndefined()
    await jobs.insert(aJob('b'))
    expect((await readStore(path)).entries.map(({ job }) => job)).toEqual([aJob('a'), aJob('b')])
    await jobs.close()
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({ version: 1, jobs: [aJob('a'), aJob('b')] })
  })
})

describe('JsonFileJobRepository', () => {
  it('shows a change only when it is on disk', async () => {
    const jobs = await open(await newFile())
    const inserted = jobs.insert(aJob('a'))
    expect(await jobs.find('a')).toBeUndefined()
    await inserted
    expect(await jobs.find('a')).toEqual(aJob('a'))
  })
})
