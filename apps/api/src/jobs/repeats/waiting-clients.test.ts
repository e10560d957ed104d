import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { insertFinished } from '../../../test/contracts/stored-job.ts'
import { SILENT } from '../../../test/support/silent-logger.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { JsonFileJobRepository } from '../../storage/json-file/json-file-job-repository.ts'
import { cancelPending, newJob, type StoredPendingJob } from '../job.ts'
import { StorageUnavailableError } from '../ports/storage-errors.ts'
import { type Repeatable, WaitingClients } from './waiting-clients.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const REPEAT: Repeatable = { digest: 'd', isRetry: true, caller: undefined }
const LOST = { isDelivered: false, hadHead: true }
const LOST_BEFORE_HEAD = { isDelivered: false, hadHead: false }

class Setup {
  now = NOW
  readonly jobs: JsonFileJobRepository
  readonly clients: WaitingClients

  private constructor(jobs: JsonFileJobRepository) {
    this.jobs = jobs
    const clock = { now: () => this.now }
    this.clients = new WaitingClients({ jobs, clock, logger: SILENT, graceMs: 120_000 })
  }

  static async open(): Promise<Setup> {
    const jobs = await JsonFileJobRepository.open(join(await temporaryFolder(), 'jobs.json'))
    onTestFinished(() => jobs.close())
    return new Setup(jobs)
  }

  /** A job whose client waits for it. */
  async waitedFor(id = 'a', isStored = true): Promise<StoredPendingJob> {
    const job = this.#job(id, isStored)
    await this.jobs.insert(job)
    return job
  }

  async finished(id = 'a', isStored = true): Promise<StoredPendingJob> {
    const job = this.#job(id, isStored)
    await insertFinished(this.jobs, job, NOW)
    return job
  }

  #job(id: string, isStored: boolean): StoredPendingJob {
    const made = { requestDigest: 'd', ...this.clients.arrived({ isStored, isForeground: true }) }
    return newJob(id, { prompt: 'Hi', provider: 'echo', model: 'echo' }, NOW, undefined, made)
  }

  async joined(repeat: Partial<Repeatable> = {}): Promise<string | undefined> {
    return (await this.clients.join({ ...REPEAT, ...repeat }))?.id
  }
}

/** Waits until what was noted is stored. */
async function left({ clients }: Setup, job: StoredPendingJob, end: Parameters<WaitingClients['left']>[1]) {
  clients.left(job, end)
  await clients.settled()
}

describe('WaitingClients', () => {
  it('joins no job whose client is still there, or has its answer', async () => {
    const setup = await Setup.open()
    const job = await setup.waitedFor()
    expect(await setup.joined()).toBeUndefined()
    await left(setup, job, { isDelivered: true, hadHead: true })
    expect(await setup.joined()).toBeUndefined()
  })

  it.each([
    ['waits', (setup: Setup) => setup.waitedFor()],
    ['has completed', (setup: Setup) => setup.finished()],
  ])('joins a job that %s when its client was lost at most 60 s ago', async (_, make) => {
    const setup = await Setup.open()
    await left(setup, await make(setup), LOST)
    expect(await setup.joined({ digest: 'other' })).toBeUndefined()
    setup.now += 60_001
    expect(await setup.joined()).toBeUndefined()
    setup.now -= 1
    expect(await setup.joined()).toBe('a')
  })

  it.each([
    ['a repeat that says so', { isRetry: true }, LOST, true],
    ['a repeat that says so, of a caller', { isRetry: true, caller: 'ann' }, LOST, true],
    ['a request of a caller whose client had no head', { isRetry: false, caller: 'ann' }, LOST_BEFORE_HEAD, true],
    ['a request of a caller whose client had the head', { isRetry: false, caller: 'ann' }, LOST, false],
    ['a request of nobody in particular', { isRetry: false }, LOST_BEFORE_HEAD, false],
  ])('takes %s as a repeat, or not', async (_, repeat, end, isJoined) => {
    const setup = await Setup.open()
    await left(setup, await setup.waitedFor(), end)
    expect(await setup.joined(repeat)).toBe(isJoined ? 'a' : undefined)
  })

  it('lets exactly one of several repeats join, and the next when that one is lost too', async () => {
    const setup = await Setup.open()
    await left(setup, await setup.waitedFor(), LOST)
    const joined = await Promise.all(Array.from({ length: 20 }, () => setup.clients.join(REPEAT)))
    const [job, ...others] = joined.filter((each) => each !== undefined)
    expect(others).toEqual([])
    expect(job).toEqual(await setup.jobs.find('a'))
    expect(job?.client).toEqual({ process: setup.jobs.processId })
    if (job) setup.clients.left(job, LOST)
    expect(await setup.joined()).toBe('a')
  })

  it('waits until it is stored that the client of an equal request was lost', async () => {
    const setup = await Setup.open()
    setup.clients.left(await setup.waitedFor(), LOST)
    expect(await setup.joined()).toBe('a')
  })

  it('joins the newest of several jobs, and each once', async () => {
    const setup = await Setup.open()
    for (const id of ['a', 'b', 'c']) await left(setup, await setup.waitedFor(id), LOST)
    expect([await setup.joined(), await setup.joined(), await setup.joined(), await setup.joined()]).toEqual([
      'c',
      'b',
      'a',
      undefined,
    ])
  })

  it('joins no job that was cancelled', async () => {
    const setup = await Setup.open()
    const job = await setup.waitedFor()
    await left(setup, job, LOST)
    await setup.jobs.replace(cancelPending(job, NOW), job)
    expect(await setup.joined()).toBeUndefined()
  })

  it('joins a job of a process that has died without noting the loss, if the job has not completed', async () => {
    const setup = await Setup.open()
    const client = { process: 'died' }
    for (const make of ['waitedFor', 'finished'] as const) {
      const { id, ...job } = await setup[make](make)
      await setup.jobs.replaceClient(id, { client }, job.client)
    }
    expect(await setup.joined({ isRetry: false, caller: 'ann' })).toBeUndefined()
    expect(await setup.joined()).toBe('waitedFor')
    expect(await setup.joined()).toBeUndefined()
  })

  it('keeps a job that is not to be stored for 60 s behind the loss of its client, and an hour otherwise', async () => {
    const setup = await Setup.open()
    const job = await setup.finished('a', false)
    expect(Date.parse(job.deleteAfter ?? '')).toBe(NOW + 3_600_000)
    setup.now += 1_000
    await left(setup, job, LOST)
    expect(await setup.jobs.deleteHidden(NOW + 60_999, 9)).toBe(0)
    const joined = await setup.clients.join(REPEAT)
    expect(joined).toMatchObject({ id: 'a', deleteAfter: new Date(NOW + 3_601_000).toISOString() })
    if (joined) setup.clients.left(joined, { isDelivered: true, hadHead: true })
    await setup.clients.settled()
    expect(await setup.jobs.find('a')).toBeUndefined()
  })

  it('logs that a loss could not be stored, and settles', async () => {
    const setup = await Setup.open()
    const logged: object[] = []
    const away = new StorageUnavailableError()
    vi.spyOn(setup.jobs, 'replaceClient').mockRejectedValue(away)
    const clients = new WaitingClients({
      jobs: setup.jobs,
      clock: { now: () => NOW },
      logger: { ...SILENT, error: (fields: object) => logged.push(fields) },
      graceMs: 120_000,
    })
    clients.left({ id: 'a', client: { process: 'p' } }, LOST)
    await clients.settled()
    expect(logged).toEqual([{ err: away, jobId: 'a' }])
  })
})
