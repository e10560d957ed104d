import type { Delivery } from '@promptlab/contract'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { LogLines } from '../../../test/support/log-lines.ts'
import { SILENT } from '../../../test/support/silent-logger.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { UNOBSERVED } from '../../../test/support/unobserved.ts'
import { answerWith, WEBHOOK_SECRET, WebhookReceiver } from '../../../test/support/webhook-receiver.ts'
import { systemClock } from '../../base/clock.ts'
import { openSqliteJobs } from '../../storage/sql/open-sqlite.ts'
import { HttpWebhooks } from '../../webhooks/http-webhooks.ts'
import { cancelPending, finishJob, newJob, startJob } from '../job.ts'
import type { DeliveryOutcome } from '../ports/job-observer.ts'
import type { JobRepository } from '../ports/job-repository.ts'
import { StorageUnavailableError } from '../ports/storage-errors.ts'
import { Notifier, type NotifierDeps } from './notifier.ts'

/** A clock that stands still until the test moves it. */
class TestClock {
  time = Date.parse('2026-06-01T12:00:00Z')
  now = () => this.time
  elapsed = () => this.time

  moveTo(time: string | undefined): void {
    this.time = Date.parse(time ?? expect.fail())
  }
}

async function openJobs(): Promise<JobRepository> {
  const jobs = await openSqliteJobs(`${await temporaryFolder()}/jobs.db`)
  onTestFinished(() => jobs.close())
  return jobs
}

async function newParts(deps: Partial<Omit<NotifierDeps, 'jobs' | 'clock'>> = {}) {
  const jobs = await openJobs()
  const clock = new TestClock()
  const key = Buffer.from(WEBHOOK_SECRET.slice('whsec_'.length), 'base64')
  const hosts = ['127.0.0.1', '127.0.0.2', 'localhost']
  const webhooks = new HttpWebhooks({ keys: [key], hosts, clock: systemClock })
  const parts = { jobs, clock, webhooks, logger: SILENT, observer: UNOBSERVED, random: () => 0.5, ...deps }
  return { ...parts, ...workOf(parts) }
}

/** A process that tells, and that the test drives. */
function workOf(deps: NotifierDeps) {
  const notifier = new Notifier(deps)
  onTestFinished(() => notifier.stop())
  /** Makes the attempts that are due, and waits for their end. */
  const tell = async () => {
    await notifier.poll()
    await notifier.settled()
  }
  return { notifier, tell }
}

interface Ending {
  readonly url?: string
  readonly to?: readonly Delivery['to'][]
  readonly at: number
}

/** A job that has ended, as it is stored. */
async function endedJob(jobs: JobRepository, id: string, { url = '', to = ['job'], at }: Ending) {
  const notifyAt = new Date(at).toISOString()
  const deliveries = to.map((each) => ({ id: `msg_${id}_${each}`, to: each, status: 'waiting' as const, attempts: [] }))
  const request = { prompt: 'A secret prompt', provider: 'echo', model: 'echo', webhook: { url } }
  const running = startJob(newJob(id, request, at, 'ann', { deliveries, notifyAt }), at)
  await jobs.insert(running)
  const ended = finishJob(running, { ...running, result: 'A secret answer' }, { status: 'completed' }, at + 10)
  await jobs.replace(ended, running)
  return ended
}

const deliveriesOf = async (jobs: JobRepository, id: string) => (await jobs.find(id))?.deliveries ?? expect.fail()

describe('Notifier', () => {
  it('tells the end of a job without its prompt and its answer, and only once', async () => {
    const { jobs, clock, tell } = await newParts({ publicUrl: 'https://jobs.example.com' })
    const receiver = await WebhookReceiver.start()
    await endedJob(jobs, 'one', { url: receiver.url, at: clock.time })
    await tell()
    await tell()
    expect(receiver.received).toHaveLength(1)
    const [news = expect.fail()] = receiver.received
    expect(news.message).toEqual({
      type: 'job.completed',
      timestamp: new Date(clock.time + 10).toISOString(),
      data: {
        id: 'one',
        status: 'completed',
        provider: 'echo',
        model: 'echo',
        createdAt: new Date(clock.time).toISOString(),
        updatedAt: new Date(clock.time + 10).toISOString(),
        metrics: expect.objectContaining({ queuedMs: 0 }),
        links: { self: 'https://jobs.example.com/jobs/one', stream: 'https://jobs.example.com/jobs/one/stream' },
      },
    })
    expect(news.id).toBe('msg_one_job')
    expect(news.body).not.toContain('secret')
    expect(await deliveriesOf(jobs, 'one')).toMatchObject([{ status: 'delivered', attempts: [{ status: 204 }] }])
    expect((await jobs.find('one'))?.notifyAt).toBeUndefined()
  })

  it('tells no job that has not ended', async () => {
    const { jobs, clock, tell } = await newParts()
    const receiver = await WebhookReceiver.start()
    const terms = {
      deliveries: [{ id: 'msg_1', to: 'job' as const, status: 'waiting' as const, attempts: [] }],
      notifyAt: new Date(clock.time).toISOString(),
    }
    const request = { prompt: 'Go', provider: 'echo', model: 'echo', webhook: { url: receiver.url } }
    const pending = newJob('waiting', request, clock.time, undefined, terms)
    await jobs.insert(pending)
    await tell()
    expect(receiver.received).toEqual([])
    await jobs.replace(cancelPending(pending, clock.time), pending)
    await tell()
    expect(receiver.received.map(({ message }) => message.type)).toEqual(['job.cancelled'])
  })

  it('repeats for a day what is not taken, each time with the same id and body, and gives up', async () => {
    const outcomes: DeliveryOutcome[] = []
    const { jobs, clock, tell } = await newParts({ observer: { newsSent: (outcome) => void outcomes.push(outcome) } })
    const receiver = await WebhookReceiver.start()
    receiver.answer = answerWith(500)
    await endedJob(jobs, 'one', { url: receiver.url, at: clock.time })
    const startedAt = clock.time
    for (;;) {
      await tell()
      await tell()
      const { notifyAt } = (await jobs.find('one')) ?? expect.fail()
      if (notifyAt === undefined) break
      expect((await deliveriesOf(jobs, 'one'))[0]?.nextAttemptAt).toBe(notifyAt)
      clock.moveTo(notifyAt)
    }
    expect(receiver.received).toHaveLength(9)
    expect(new Set(receiver.received.map(({ id, body }) => id + body)).size).toBe(1)
    expect((clock.time - startedAt) / 3_600_000).toBeCloseTo(23.6, 1)
    const [delivery] = await deliveriesOf(jobs, 'one')
    expect(delivery).toMatchObject({ status: 'given-up' })
    expect(outcomes).toEqual([...Array(8).fill('failed'), 'given-up'])
  })

  it('repeats for one receiver what the other one has taken already', async () => {
    const own = await WebhookReceiver.start()
    const server = await WebhookReceiver.start()
    const key = Buffer.from(WEBHOOK_SECRET.slice('whsec_'.length), 'base64')
    const webhooks = new HttpWebhooks({ keys: [key], hosts: ['127.0.0.1'], serverUrl: server.url, clock: systemClock })
    const { jobs, clock, tell } = await newParts({ webhooks })
    own.answer = answerWith(410)
    server.answer = answerWith(503, { 'retry-after': '60' })
    await endedJob(jobs, 'one', { url: own.url, to: ['job', 'server'], at: clock.time })
    await tell()
    expect(await deliveriesOf(jobs, 'one')).toMatchObject([{ status: 'refused' }, { status: 'waiting' }])
    server.answer = answerWith(200)
    clock.time += 59_999
    await tell()
    clock.time += 1
    await tell()
    expect(await deliveriesOf(jobs, 'one')).toMatchObject([{ status: 'refused' }, { status: 'delivered' }])
    expect([own.received.length, server.received.length]).toEqual([1, 2])
    expect(server.received.map(({ id }) => id)).toEqual(['msg_one_server', 'msg_one_server'])
  })

  it('makes an attempt whose process died again, when its lease is over', async () => {
    const { jobs, clock, tell } = await newParts()
    const receiver = await WebhookReceiver.start()
    const { notifyAt = '' } = await endedJob(jobs, 'one', { url: receiver.url, at: clock.time })
    // What a process writes before its attempt, and then it dies.
    const lease = new Date(clock.time + 20_000).toISOString()
    await jobs.replaceDeliveries('one', { notifyAt: lease }, notifyAt)
    await tell()
    expect(receiver.received).toEqual([])
    clock.moveTo(lease)
    await tell()
    expect(receiver.received.map(({ id }) => id)).toEqual(['msg_one_job'])
  })

  it('tells each of 200 jobs once, however many processes look', async () => {
    const { notifier, tell, ...parts } = await newParts()
    const receiver = await WebhookReceiver.start()
    const others = [workOf(parts), workOf(parts)]
    const ids = Array.from({ length: 200 }, (_, index) => `job-${index}`)
    await Promise.all(ids.map((id) => endedJob(parts.jobs, id, { url: receiver.url, at: parts.clock.time })))
    while (receiver.received.length < ids.length) {
      await Promise.all([tell(), ...others.map((other) => other.tell())])
      parts.clock.time += 1_000
    }
    await Promise.all([tell(), ...others.map((other) => other.tell())])
    expect(receiver.received.map(({ message }) => message.data.id).sort()).toEqual(ids.sort())
  })

  it('does not let a receiver that hangs delay another one', async () => {
    const { jobs, clock, notifier } = await newParts()
    const [slow, fast] = [await WebhookReceiver.start(), await WebhookReceiver.start()]
    slow.answer = () => {}
    const slowIds = Array.from({ length: 60 }, (_, index) => `slow-${index}`)
    for (const id of slowIds) await endedJob(jobs, id, { url: slow.url, at: clock.time })
    await endedJob(jobs, 'fast', { url: fast.url.replace('127.0.0.1', 'localhost'), at: clock.time })
    await notifier.poll()
    await fast.count(1)
    await notifier.stop()
    expect(slow.received).toHaveLength(16)
  }, 20_000)

  it('gives other work its turn between two pages of jobs for which there is no slot', async () => {
    const { jobs, clock, notifier } = await newParts()
    const slow = await WebhookReceiver.start()
    slow.answer = () => {}
    for (let index = 0; index < 100; index++) await endedJob(jobs, `slow-${index}`, { url: slow.url, at: clock.time })
    const startedAt = performance.now()
    await notifier.poll()
    // 84 jobs are put off, on five pages of 16 and a last one.
    expect(performance.now() - startedAt).toBeGreaterThan(5 * 20)
    expect(await jobs.findUntold(clock.time, 99)).toEqual([])
  })

  it('tells a job at once that has ended in its process', async () => {
    const { jobs, clock, notifier } = await newParts()
    const receiver = await WebhookReceiver.start()
    notifier.changed(await endedJob(jobs, 'one', { url: receiver.url, at: clock.time }))
    expect(await receiver.count(1)).toMatchObject([{ id: 'msg_one_job' }])
  })

  it('gives attempts up when the server stops, and the next process makes them at once, with the same id', async () => {
    const { notifier, tell: _, ...parts } = await newParts()
    const receiver = await WebhookReceiver.start()
    receiver.answer = () => {}
    await endedJob(parts.jobs, 'one', { url: receiver.url, at: parts.clock.time })
    await notifier.poll()
    await receiver.count(1)
    await notifier.stop()
    expect(await deliveriesOf(parts.jobs, 'one')).toMatchObject([{ status: 'waiting', attempts: [] }])
    receiver.answer = answerWith(204)
    await workOf(parts).tell()
    expect(receiver.received.map(({ id }) => id)).toEqual(['msg_one_job', 'msg_one_job'])
    expect(await deliveriesOf(parts.jobs, 'one')).toMatchObject([{ status: 'delivered' }])
  }, 20_000)

  it('goes on when a store that went away is back', async () => {
    const { jobs, clock, tell } = await newParts()
    const receiver = await WebhookReceiver.start()
    await endedJob(jobs, 'one', { url: receiver.url, at: clock.time })
    const away = new StorageUnavailableError()
    const find = vi.spyOn(jobs, 'find').mockRejectedValueOnce(away)
    const findUntold = vi.spyOn(jobs, 'findUntold').mockRejectedValueOnce(away)
    const replaceDeliveries = jobs.replaceDeliveries.bind(jobs)
    const replace = vi
      .spyOn(jobs, 'replaceDeliveries')
      .mockRejectedValueOnce(away)
      .mockImplementationOnce(replaceDeliveries)
      .mockRejectedValueOnce(away)
    for (let polls = 0; polls < 4; polls++) await tell()
    expect([find, findUntold, replace].every(({ mock }) => mock.calls.length > 1)).toBe(true)
    expect(receiver.received).toHaveLength(1)
    expect(await deliveriesOf(jobs, 'one')).toMatchObject([{ status: 'delivered' }])
  })

  it('logs the host of a receiver, and neither its path nor what it is told', async () => {
    const log = new LogLines('debug')
    const { jobs, clock, tell } = await newParts({ logger: log.logger })
    const receiver = await WebhookReceiver.start()
    for (const status of [204, 410, 500]) {
      receiver.answer = answerWith(status)
      await endedJob(jobs, `${status}`, { url: `${receiver.url}/t0ken?key=t0ken`, at: clock.time })
      await tell()
    }
    expect(log.text).toContain('"host":"127.0.0.1"')
    expect(log.text).not.toMatch(/t0ken|secret|whsec/i)
  })
})
