import { expect, it, onTestFinished, vi } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { CuttableProxy } from '../support/cuttable-proxy.ts'
import { createJob, getJob, readStream, StreamReader } from '../support/job-client.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'
import { OPENAI } from '../support/vendor-server.ts'

// Each test starts several processes.
vi.setConfig({ testTimeout: 120_000 })

const LEASE_MS = 2_000

/** Leases are a matter of time, so these tests have to let some pass. */
async function passed(ms: number): Promise<void> {
  const until = performance.now() + ms
  await vi.waitUntil(() => performance.now() >= until, { timeout: ms + 10_000, interval: 50 })
}

/** Waits until PostgreSQL has the text of a running job. */
async function untilStored(url: string, id: string, text: string): Promise<void> {
  await vi.waitUntil(async () => {
    const job = await getJob(url, id)
    return job.status === 'running' && job.result === text
  }, 20_000)
}

await withPostgres((newDatabase) => {
  describeWithRedisProcess('leases of a cluster', () => {
    it('end no job when all processes were paused for longer than a lease', async () => {
      const cluster = await Cluster.prepare(await newDatabase(), { RUNNER_LEASE_MS: String(LEASE_MS) })
      const { apis, workers } = await cluster.startFour()
      const jobs = await Promise.all([1, 2, 3, 4].map(() => createJob(apis[0].url, OPENAI)))
      const exchanges = await Promise.all(jobs.map(() => cluster.vendor.nextRequest()))
      exchanges.map((exchange) => exchange.sendToken('Once'))
      await Promise.all(jobs.map(({ id }) => untilStored(apis[0].url, id, 'Once')))
      const all = [...apis, ...workers]
      all.map((process) => process.signal('SIGSTOP'))
      await passed(LEASE_MS * 2)
      all.map((process) => process.signal('SIGCONT'))
      await passed(LEASE_MS * 2)
      exchanges.map((exchange) => exchange.sendToken(' upon'))
      exchanges.map((exchange) => exchange.finish())
      const streams = await Promise.all(jobs.map(({ id }) => readStream(apis[1].url, id)))
      expect(new Set(streams.map(({ text }) => text))).toEqual(new Set(['Once upon']))
      const statuses = await Promise.all(jobs.map(async ({ id }) => (await getJob(apis[0].url, id)).status))
      expect(new Set(statuses)).toEqual(new Set(['completed']))
      expect(cluster.vendor.requests).toBe(jobs.length)
    })

    it('end the run of a worker that is cut off from PostgreSQL, which hangs up and streams no more', async () => {
      const direct = await newDatabase()
      const proxy = await CuttableProxy.start(direct)
      const cluster = await Cluster.prepare(direct, { RUNNER_LEASE_MS: String(LEASE_MS) })
      const api = await cluster.start('api')
      await cluster.start('worker', { DATABASE_URL: proxy.url })
      const { id } = await createJob(api.url, OPENAI)
      const exchange = await cluster.vendor.nextRequest()
      const reader = await StreamReader.open(api.url, id)
      let sent = 0
      const sending = setInterval(() => exchange.sendToken(` ${sent++}`), 20)
      onTestFinished(() => clearInterval(sending))
      for (let received = 0; received < 10; received++) await reader.nextToken()
      proxy.cut()
      const sentAtCut = sent
      await exchange.closed
      const frames = await reader.rest()
      expect(frames.at(-1)).toMatchObject({ event: 'error', id: 'end' })
      const tokens = frames.filter(({ event, data }) => event === undefined && data !== undefined)
      expect(tokens.length + 10 - sentAtCut).toBeLessThan(75)
      expect(await getJob(api.url, id)).toMatchObject({ status: 'failed', error: { code: 'interrupted' } })
    })
  })
})
