import type { LoopbackVendor } from '@promptlab/providers/testing/vendors'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { createJob, getJob, readStream } from '../support/job-client.ts'
import { limitVendor } from '../support/limit-vendor.ts'
import { isSoak } from '../support/rounds.ts'
import { runManyJobs } from '../support/run-many-jobs.ts'
import { ServerProcess } from '../support/server-process.ts'
import { tellLimits } from '../support/tell-limits.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'
import { newStorePath } from '../support/test-server.ts'
import { OPENAI } from '../support/vendor-server.ts'

vi.setConfig({ testTimeout: 180_000 })

const JOBS = Number(process.env['PACED_JOBS'] ?? 1_000)
const PER_SECOND = Number(process.env['PACED_RATE'] ?? 20)
type Vendor = readonly [name: string, retryAfterSeconds: number | undefined]
const VENDORS: readonly Vendor[] = [
  ['tells how long to wait', 1],
  ['does not tell how long to wait', undefined],
]
/** Each takes a minute. All of them run in `pnpm test:soak`, where nothing else takes the machine's time. */
const SAMPLE = isSoak ? VENDORS : VENDORS.slice(0, 1)
const SHARES = isSoak ? { ofRate: 0.9, refused: 0.1 } : { ofRate: 0.75, refused: 0.15 }

/** All complete, close to the vendor's rate, and few calls are refused. */
async function expectPaced(url: string, vendor: LoopbackVendor, retryAfterSeconds: number | undefined): Promise<void> {
  const calls = limitVendor(vendor, { perSecond: PER_SECOND, retryAfterSeconds })
  const { seconds, ended } = await runManyJobs(url, JOBS)
  expect(ended.filter(({ status }) => status !== 'completed')).toEqual([])
  expect(calls.taken).toBe(JOBS)
  expect(calls.refused).toBeLessThanOrEqual(SHARES.refused * (calls.refused + calls.taken))
  expect(JOBS / seconds).toBeGreaterThanOrEqual(SHARES.ofRate * PER_SECOND)
}

describe.runIf(isSoak)(`${JOBS} jobs at once for a vendor that takes ${PER_SECOND} requests a second`, () => {
  it.each(VENDORS)('all complete at its rate in one process when it %s', async (_, retryAfterSeconds) => {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const env = { DATABASE_URL: await newStorePath(), OPENAI_API_KEY: 'key', OPENAI_BASE_URL: vendor.url }
    const server = await ServerProcess.start({ ...env, LOG_LEVEL: 'error' })
    await expectPaced(server.url, vendor, retryAfterSeconds)
  })
})

await withPostgres((newDatabase) => {
  describeWithRedisProcess(`${JOBS} jobs at once for a vendor that takes ${PER_SECOND} requests a second`, () => {
    it.each(SAMPLE)('all complete at its rate with two workers when it %s', async (_, retryAfterSeconds) => {
      const cluster = await Cluster.prepare(await newDatabase(), { LOG_LEVEL: 'error' })
      const [api] = await Promise.all([cluster.start('api'), cluster.start('worker'), cluster.start('worker')])
      await expectPaced(api.url, cluster.vendor, retryAfterSeconds)
    })
  })

  describeWithRedisProcess('a cluster whose vendor takes no more requests now', () => {
    it('asks again at its time, although the worker and Redis were killed meanwhile', async () => {
      const cluster = await Cluster.prepare(await newDatabase())
      const [api, worker] = await Promise.all([cluster.start('api'), cluster.start('worker')])
      const { id } = await createJob(api.url, OPENAI)
      const reading = readStream(api.url, id)
      ;(await cluster.vendor.nextRequest()).fail(429, { retryAfterSeconds: 8 })
      const { waitingFor } = await vi.waitUntil(async () => {
        const job = await getJob(api.url, id)
        return job.status === 'pending' && job.waitingFor ? job : undefined
      }, 10_000)
      expect(await (await fetch(`${api.url}/metrics`)).text()).toContain('promptlab_jobs_waiting_for_vendors 1\n')
      await worker.kill()
      await cluster.redis.kill()
      await cluster.redis.startAgain()
      await cluster.start('worker')
      const exchange = await cluster.vendor.nextRequest()
      expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(waitingFor?.until ?? ''))
      exchange.sendToken('At last')
      exchange.finish()
      expect((await reading).text).toBe('At last')
      expect(await getJob(api.url, id)).toMatchObject({ status: 'completed', metrics: { attempts: 2 } })
    })

    it('is asked nothing that it would refuse when its headers tell that', async () => {
      const cluster = await Cluster.prepare(await newDatabase(), { MAX_CONCURRENT_JOBS: '1' })
      const [api] = await Promise.all([cluster.start('api'), cluster.start('worker')])
      const calls = tellLimits(cluster.vendor, { requests: 5, windowMs: 500 })
      const { seconds, ended } = await runManyJobs(api.url, 20)
      expect(ended.every(({ status }) => status === 'completed')).toBe(true)
      expect(calls).toEqual({ taken: 20, refused: 0 })
      // Four windows.
      expect(seconds).toBeGreaterThanOrEqual(1)
    })

    it('does not hold jobs of another model of the vendor back', async () => {
      const cluster = await Cluster.prepare(await newDatabase(), { MAX_CONCURRENT_JOBS: '8' })
      const [api] = await Promise.all([cluster.start('api'), cluster.start('worker')])
      cluster.vendor.respondWith((exchange) => {
        if (exchange.request.model === 'gpt-4') exchange.fail(429, { retryAfterSeconds: 60 })
        else {
          exchange.sendToken('Hi')
          exchange.finish()
        }
      })
      await Promise.all(Array.from({ length: 40 }, () => createJob(api.url, OPENAI)))
      const { id } = await createJob(api.url, { ...OPENAI, model: 'gpt-4.1' })
      expect((await readStream(api.url, id)).text).toBe('Hi')
      // The others found their slots taken, or the pace.
      expect(cluster.vendor.requests).toBeLessThan(20)
    })
  })
})
