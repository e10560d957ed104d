import { setTimeout as sleep } from 'node:timers/promises'
import { expect, it, vi } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { Dashboard } from '../support/dashboard.ts'
import { FeedReader } from '../support/feed-reader.ts'
import { createJob, getJob, jobOf, postJob } from '../support/job-client.ts'
import { Random } from '../support/random.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'
import { OPENAI } from '../support/vendor-server.ts'

// Each test starts several processes.
vi.setConfig({ testTimeout: 120_000 })

const SEED = Number(process.env['FEED_SEED'] ?? Date.now() % 1_000_000)
const JOBS = 100
const CLIENTS = 5
const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

await withPostgres((newDatabase) => {
  describeWithRedisProcess(`the feed of a cluster (FEED_SEED=${SEED})`, () => {
    it('tells at once of what other processes do', async () => {
      const cluster = await Cluster.prepare(await newDatabase())
      const [first, second] = (await cluster.startFour()).apis
      const feed = await FeedReader.open(first.url)
      // Until the other processes have heard of the reader, changes come from the store, within seconds.
      const { id: early } = await createJob(second.url, ECHO)
      await feed.until((job) => job.id === early && job.status === 'completed')

      const { id } = await createJob(second.url, OPENAI)
      const exchange = await cluster.vendor.nextRequest()
      exchange.sendToken('Half')
      const cancelled = await jobOf(await fetch(`${second.url}/jobs/${id}/cancel`, { method: 'POST' }))
      const told = await feed.until((job) => job.id === id && job.status === 'cancelled')
      // The store would have told the last state alone.
      expect(told.filter((job) => job.id === id).map(({ status }) => status)).toEqual([
        'pending',
        'running',
        'cancelled',
      ])
      expect(told.at(-1)).toMatchObject({ updatedAt: cancelled.updatedAt })
    })

    it('tells of every end although Redis restarts empty and the process that serves it is killed', async () => {
      const cluster = await Cluster.prepare(await newDatabase(), { ECHO_DELAY_MS: '5', LOG_LEVEL: 'error' })
      const { apis } = await cluster.startFour()
      const urls = apis.map(({ url }) => url)
      const random = new Random(SEED)
      const dashboard = (leaveWithinMs?: number) => {
        let turn = 0
        return Dashboard.open({ url: () => urls[turn++ % urls.length] ?? '', random, leaveWithinMs })
      }
      const [calm, restless] = [await dashboard(), await dashboard(500)]
      const jobs = useJobs(urls, random)
      const all = () => jobs
      const watched = Promise.all([calm.untilEnded(all), restless.untilEnded(all)])
      await sleep(500)
      await cluster.redis.kill()
      await sleep(500)
      await cluster.redis.startAgain()
      await sleep(500)
      await apis[0].kill()
      urls[0] = (await cluster.start('api')).url
      await watched

      for (const id of await jobs) {
        const { status, updatedAt } = await getJob(urls[1] ?? '', id)
        for (const { jobs: told } of [calm, restless]) expect(told.get(id)).toMatchObject({ status, updatedAt })
      }
      calm.expectOrder()
      restless.expectOrder()
      expect(calm.connections.length).toBeGreaterThan(1)
    })
  })
})

/** Creates jobs at any process, and cancels some. Resolves with their ids when all have ended. */
async function useJobs(urls: readonly string[], random: Random): Promise<string[]> {
  const ids: string[] = []
  const url = () => urls[random.below(urls.length)] ?? ''
  let left = JOBS
  const use = async () => {
    while (left-- > 0) {
      const id = await create(url)
      ids.push(id)
      if (random.below(4) === 0) await fetch(`${url()}/jobs/${id}/cancel`, { method: 'POST' }).catch(() => {})
      await sleep(random.below(200))
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, use))
  for (const id of ids) {
    await vi.waitUntil(async () => {
      const job = await getJob(url(), id).catch(() => undefined)
      return job !== undefined && job.status !== 'pending' && job.status !== 'running'
    }, 60_000)
  }
  return ids
}

async function create(url: () => string): Promise<string> {
  for (;;) {
    const response = await postJob(url(), ECHO).catch(() => undefined)
    if (response?.ok) return (await jobOf(response)).id
    // Redis is away, or the process was killed. The job of an answer that was lost is not counted.
    await sleep(50)
  }
}
