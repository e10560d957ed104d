import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { GrowingJob } from '../../../test/contracts/growing-job.ts'
import { aJob } from '../../../test/contracts/stored-job.ts'
import { CrashDisk } from '../../../test/support/crash-disk.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { finishJob, startJob } from '../../jobs/job.ts'
import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'
import type { StoreOptions } from './disk/journaled-store.ts'
import { readStore } from './disk/store-files.ts'
import { JsonFileJobRepository } from './json-file-job-repository.ts'

const newFile = async () => join(await temporaryFolder(), 'jobs.json')

async function open(path: string, options?: StoreOptions): Promise<JsonFileJobRepository> {
  const jobs = await JsonFileJobRepository.open(path, options)
  onTestFinished(() => jobs.close())
  return jobs
}

describe('a store that has grown large', () => {
  it('refuses new jobs with words when it holds as many bytes as it may, and goes on with those it has', async () => {
    const jobs = await JsonFileJobRepository.open(await newFile(), { maxBytes: 10_000 })
    onTestFinished(() => jobs.close())
    const long = (id: string) => ({ ...aJob(id), prompt: 'x'.repeat(4_000) })
    for (const id of ['a', 'b', 'c']) await jobs.insert(long(id))
    await expect(jobs.insert(long('d'))).rejects.toThrow(/10000 bytes of jobs.*SQLite/)
    expect(await jobs.replace(startJob(long('a'), 0), long('a'))).toBe(true)
    const running = startJob(long('a'), 0)
    await jobs.replace(finishJob(running, running, { status: 'cancelled' }, 0), running)
    await jobs.deleteFinal('a')
    await expect(jobs.insert(long('d'))).resolves.toBeUndefined()
  })

  it('refuses with words to open a file that does not fit into memory', async () => {
    const path = await newFile()
    const jobs = await JsonFileJobRepository.open(path)
    await jobs.insert({ ...aJob('a'), prompt: 'x'.repeat(4_000) })
    await jobs.close()
    await expect(JsonFileJobRepository.open(path, { maxBytes: 1_000 })).rejects.toThrow(/memory for 2000.*import-jobs/s)
    const again = await JsonFileJobRepository.open(path)
    await again.close()
  })

  it('says once which setting to change', async () => {
    const path = await newFile()
    const line = JSON.stringify(aJob('ID'))
    const lines = Array.from({ length: 100_000 }, (_, index) => line.replace('ID', `job-${index}`))
    await writeFile(path, `{"version":1,"jobs":[\n${lines.join(',\n')}\n]}\n`)
    const warn = vi.fn()
    const jobs = await open(path, { logger: { info: () => {}, warn } })
    expect(warn).not.toHaveBeenCalled()
    for (const id of ['a', 'b']) await jobs.insert(aJob(id))
    expect(warn.mock.calls).toEqual([
      [expect.objectContaining({ file: path, jobs: 100_001 }), expect.stringContaining('JOB_RETENTION_HOURS')],
    ])
  })
})

describe('a checkpoint of JsonFileJobRepository', () => {
  it('writes as many bytes as the text has grown by, however long the text is', async () => {
    const disk = new CrashDisk()
    const path = await newFile()
    const jobs = await open(path, { disk, journalFromBytes: 0 })
    const job = new GrowingJob(startJob(aJob('a'), 0))
    await jobs.insert(job.now)
    const sizes = new Set<number>()
    for (let count = 1; count <= 50; count++) {
      disk.bytesWritten = 0
      await jobs.checkpoint([job.say('x'.repeat(1_000)).checkpoint])
      job.confirm()
      sizes.add(disk.bytesWritten)
    }
    expect(Math.max(...sizes)).toBeLessThan(1_300)
    expect(await jobs.find('a')).toEqual(job.now)
    expect((await readStore(path)).entries.map((entry) => entry.job)).toEqual([job.now])
  })
})

describe('a journal as long as it may be', () => {
  it('refuses new jobs as storage-full and other changes as unavailable, until jobs.json can be written', async () => {
    const disk = new CrashDisk()
    const jobs = await open(await newFile(), { disk, journalFromBytes: 0, slackBytes: 1_000 })
    disk.atStep = async (operation) => {
      if (operation === 'rename') throw new Error('no room')
    }
    const running = new GrowingJob(startJob(aJob('a'), 0))
    await jobs.insert(running.now)
    running.say('x'.repeat(500))
    const fill = async () => {
      for (;;) await jobs.checkpoint([running.checkpoint])
    }
    await expect(fill()).rejects.toThrow(StorageUnavailableError)
    await expect(jobs.insert(aJob('b'))).rejects.toMatchObject({
      code: 'storage-full',
      message: expect.stringMatching(/^The journal of the job store has \d+ bytes, the most that it may/),
    })
    await expect(jobs.checkHealth()).rejects.toThrow(StorageUnavailableError)
    disk.atStep = async () => {}
    await expect(jobs.checkHealth()).resolves.toBeUndefined()
    await expect(jobs.insert(aJob('b'))).resolves.toBeUndefined()
  })
})
