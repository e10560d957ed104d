import { setTimeout as sleep } from 'node:timers/promises'
import { DeliveryList, isFinal } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { createJob, getJob } from '../support/job-client.ts'
import { Random } from '../support/random.ts'
import { ServerProcess } from '../support/server-process.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { newStorePath } from '../support/test-server.ts'
import { answerWith, WEBHOOK_SECRET, WebhookReceiver } from '../support/webhook-receiver.ts'

const SEED = Number(process.env['WEBHOOK_SEED'] ?? Date.now() % 1_000_000)
const ROUNDS = 6
const JOBS_PER_ROUND = 10
/** Longer than the time for which a process has a job to itself. */
const UNTIL_TOLD_MS = 60_000

describe(`a server that is killed around the ends of jobs (WEBHOOK_SEED=${SEED})`, async () => {
  killedServer('a JSON file', newStorePath)
  killedServer('SQLite', async () => `sqlite:${await newStorePath()}`)
  await withPostgres((newDatabase) => killedServer('PostgreSQL', newDatabase))
})

function killedServer(store: string, newStore: () => Promise<string>): void {
  const env = (databaseUrl: string) => ({
    DATABASE_URL: databaseUrl,
    WEBHOOK_SECRET,
    WEBHOOK_HOSTS: '127.0.0.1',
    ECHO_DELAY_MS: '5',
    LOG_LEVEL: 'warn',
  })

  it(`tells the end of every job that it accepted, on ${store}`, { timeout: 300_000 }, async () => {
    const random = new Random(SEED)
    const receiver = await WebhookReceiver.start()
    // Some attempts take a while, so that the server is killed during them, too.
    receiver.answer = (response) => {
      const end = () => response.writeHead(204).end()
      if (random.below(3) === 0) void sleep(random.below(300)).then(end)
      else end()
    }
    const settings = env(await newStore())
    const request = { prompt: 'Once upon a time', provider: 'echo', model: 'echo', webhook: { url: receiver.url } }
    const accepted: string[] = []
    for (let round = 0; round < ROUNDS; round++) {
      const server = await ServerProcess.start(settings)
      const first = Promise.withResolvers<void>()
      const created = Array.from({ length: JOBS_PER_ROUND }, async () => {
        await sleep(random.below(100))
        const job = await createJob(server.url, request).catch(() => undefined)
        if (!job) return
        accepted.push(job.id)
        first.resolve()
      })
      await first.promise
      await sleep(random.below(200))
      await server.kill()
      await Promise.all(created)
    }

    const server = await ServerProcess.start(settings)
    expect(accepted.length).toBeGreaterThanOrEqual(ROUNDS)
    const toldIds = () => new Set(receiver.received.map(({ message }) => message.data.id))
    const until = performance.now() + UNTIL_TOLD_MS
    while (accepted.some((id) => !toldIds().has(id))) {
      expect(performance.now()).toBeLessThan(until)
      await sleep(100)
    }
    expect(receiver.faults).toEqual([])
    for (const id of accepted) {
      const job = await getJob(server.url, id)
      const news = receiver.received.filter(({ message }) => message.data.id === id)
      expect(isFinal(job)).toBe(true)
      expect(new Set(news.map(({ message }) => message.type))).toEqual(new Set([`job.${job.status}`]))
      expect(new Set(news.map((each) => each.id)).size).toBe(1)
    }
    const repeats = receiver.received.length - toldIds().size
    process.stdout.write(`webhooks on ${store}, seed ${SEED}: ${accepted.length} jobs, ${repeats} repeats\n`)
  })

  it(`makes an attempt during which it was killed again, with the same id, on ${store}`, {
    timeout: 120_000,
  }, async () => {
    const receiver = await WebhookReceiver.start()
    receiver.answer = () => {}
    const settings = env(await newStore())
    const first = await ServerProcess.start(settings)
    const { id } = await createJob(first.url, {
      prompt: 'Once upon a time',
      provider: 'echo',
      model: 'echo',
      webhook: { url: receiver.url },
    })
    await receiver.count(1)
    await first.kill()
    receiver.answer = answerWith(204)
    const second = await ServerProcess.start(settings)
    const [before, after] = await receiver.count(2)
    expect(after?.id).toBe(before?.id)
    expect(after?.body).toBe(before?.body)
    let data: DeliveryList['data'] = []
    while (data[0]?.status !== 'delivered') {
      ;({ data } = DeliveryList.parse(await (await fetch(`${second.url}/jobs/${id}/deliveries`)).json()))
    }
    expect(data).toMatchObject([{ id: before?.id, attempts: [{ status: 204 }] }])
  })
}
