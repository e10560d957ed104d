import { Readiness } from '@promptlab/contract'
import { describe, expect, it, vi } from 'vitest'
import { Cluster } from '../support/cluster.ts'
import { createJob, getJob, jobOf, postJob, problemOf, readStream, StreamReader } from '../support/job-client.ts'
import { ServerProcess } from '../support/server-process.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { describeWithRedisProcess } from '../support/test-redis.ts'
import { OPENAI } from '../support/vendor-server.ts'

// Each test starts several processes.
vi.setConfig({ testTimeout: 120_000 })

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

await withPostgres((newDatabase) => {
  describeWithRedisProcess('a cluster', () => {
    it('streams a job from any process, resumes it from another, and calls the vendor once', async () => {
      const cluster = await Cluster.prepare(await newDatabase())
      const { apis } = await cluster.startFour()
      const [first, second] = apis
      const { id } = await createJob(first.url, OPENAI)
      const exchange = await cluster.vendor.nextRequest()
      const reader = await StreamReader.open(second.url, id)
      for (const token of ['Once', ' upon']) {
        exchange.sendToken(token)
        expect(await reader.nextToken()).toBe(token)
      }
      await second.kill()
      await expect(reader.rest()).rejects.toThrow()
      exchange.sendToken(' a time')
      const rest = await StreamReader.open(first.url, id, { lastEventId: '9' })
      expect(await rest.nextToken()).toBe(' a time')
      exchange.finish()
      expect(await rest.next()).toMatchObject({ event: 'metrics', id: 'end' })
      expect(await getJob(first.url, id)).toMatchObject({ status: 'completed', result: 'Once upon a time' })
      expect(cluster.vendor.requests).toBe(1)
    })

    it('cancels a job from any process, and makes one job of one idempotency key', async () => {
      const cluster = await Cluster.prepare(await newDatabase())
      const { apis } = await cluster.startFour()
      const [first, second] = apis
      const { id } = await createJob(first.url, OPENAI)
      const exchange = await cluster.vendor.nextRequest()
      const reader = await StreamReader.open(first.url, id)
      exchange.sendToken('Half')
      await reader.nextToken()
      const cancelled = await jobOf(await fetch(`${second.url}/jobs/${id}/cancel`, { method: 'POST' }))
      expect(cancelled).toMatchObject({ status: 'cancelled', result: 'Half' })
      await exchange.closed
      expect(await reader.next()).toMatchObject({ event: 'cancelled', id: 'end' })
      expect(await getJob(first.url, id)).toEqual(cancelled)

      const post = (url: string) =>
        fetch(`${url}/jobs`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': 'once', prefer: 'wait=20' },
          body: JSON.stringify(ECHO),
        })
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => post(index % 2 ? first.url : second.url)),
      )
      const jobs = await Promise.all(answers.map(jobOf))
      expect(new Set(jobs.map((job) => job.id)).size).toBe(1)
      expect(answers.filter(({ headers }) => headers.get('idempotency-replayed') !== 'true')).toHaveLength(1)
      expect(jobs.some(({ status }) => status === 'completed')).toBe(true)
    })

    it('fails the running job of a killed worker with its text, and runs a pending one on another worker', async () => {
      const cluster = await Cluster.prepare(await newDatabase(), {
        MAX_CONCURRENT_JOBS: '1',
        MAX_CONCURRENT_JOBS_PER_PROVIDER: '1',
      })
      const [api, worker] = await Promise.all([cluster.start('api'), cluster.start('worker')])
      const running = await createJob(api.url, OPENAI)
      const exchange = await cluster.vendor.nextRequest()
      const reader = await StreamReader.open(api.url, running.id)
      exchange.sendToken('Half')
      expect(await reader.nextToken()).toBe('Half')
      await vi.waitUntil(async () => {
        const job = await getJob(api.url, running.id)
        return job.status === 'running' && job.result === 'Half'
      }, 20_000)
      const waiting = await createJob(api.url, ECHO)
      await worker.kill()
      const other = cluster.start('worker')
      const frames = (await reader.rest()).filter(({ data }) => data !== undefined)
      expect(frames).toMatchObject([{ event: 'error', id: 'end' }])
      expect(await getJob(api.url, running.id)).toMatchObject({
        status: 'failed',
        result: 'Half',
        error: { code: 'interrupted', retryable: true },
      })
      expect((await readStream(api.url, waiting.id)).text).toBe('Once upon a time')
      expect(cluster.vendor.requests).toBe(1)
      await other
    })

    it('fails the jobs of a paused worker, which drops them when it continues', async () => {
      const cluster = await Cluster.prepare(await newDatabase())
      const [api, worker] = await Promise.all([cluster.start('api'), cluster.start('worker')])
      const { id } = await createJob(api.url, OPENAI)
      const exchange = await cluster.vendor.nextRequest()
      const reader = await StreamReader.open(api.url, id)
      exchange.sendToken('Half')
      expect(await reader.nextToken()).toBe('Half')
      await vi.waitUntil(async () => {
        const job = await getJob(api.url, id)
        return job.status === 'running' && job.result === 'Half'
      }, 20_000)
      worker.signal('SIGSTOP')
      expect((await reader.rest()).at(-1)).toMatchObject({ event: 'error', id: 'end' })
      const failed = await getJob(api.url, id)
      expect(failed).toMatchObject({ status: 'failed', result: 'Half', error: { code: 'interrupted' } })

      worker.signal('SIGCONT')
      exchange.sendToken(' and half')
      // Its next checkpoint is refused, because the job is no longer its own. It ends the call to the vendor.
      await exchange.closed
      expect(await getJob(api.url, id)).toEqual(failed)
      expect(await readStream(api.url, id)).toMatchObject({ text: 'Half', final: { event: 'error' } })
      const next = await createJob(api.url, ECHO)
      expect((await readStream(api.url, next.id)).text).toBe('Once upon a time')
    })

    it('completes a running job and runs a waiting one after Redis was restarted empty', async () => {
      const cluster = await Cluster.prepare(await newDatabase(), {
        MAX_CONCURRENT_JOBS: '1',
        MAX_CONCURRENT_JOBS_PER_PROVIDER: '1',
      })
      const [api, other] = await Promise.all([cluster.start('api'), cluster.start('api'), cluster.start('worker')])
      const running = await createJob(api.url, OPENAI)
      const exchange = await cluster.vendor.nextRequest()
      const reader = await StreamReader.open(api.url, running.id)
      exchange.sendToken('Once')
      await reader.nextToken()
      const waiting = await createJob(api.url, ECHO)
      const early = readStream(api.url, waiting.id)

      await cluster.redis.kill()
      const ready = await vi.waitUntil(async () => {
        const response = await fetch(`${api.url}/health/ready`)
        return response.status === 503 && response
      }, 20_000)
      expect(Readiness.parse(await ready.json())).toMatchObject({
        dependencies: { storage: { ready: true }, queue: { ready: false } },
      })
      const refused = await postJob(api.url, ECHO)
      expect(refused.status).toBe(503)
      expect(refused.headers.get('retry-after')).toBe('5')
      expect(await problemOf(refused)).toMatchObject({ code: 'queue-unavailable' })
      exchange.sendToken(' upon')
      await cluster.redis.startAgain()
      expect(await reader.nextToken()).toBe(' upon')
      // Redis has lost the start of the text. New readers wait for the record.
      const late = readStream(other.url, running.id)
      exchange.sendToken(' a time')
      exchange.finish()
      expect(await reader.nextToken()).toBe(' a time')
      expect(await reader.next()).toMatchObject({ event: 'metrics' })
      expect(await late).toMatchObject({ text: 'Once upon a time', final: { event: 'metrics' } })
      expect((await early).text).toBe('Once upon a time')
    })

    it('runs no jobs on ROLE=api, and takes no requests on ROLE=worker', async () => {
      const cluster = await Cluster.prepare(await newDatabase())
      const api = await cluster.start('api')
      const { id } = await createJob(api.url, ECHO)
      const reader = await StreamReader.open(api.url, id)
      expect(await getJob(api.url, id)).toMatchObject({ status: 'pending' })
      const worker = await cluster.start('worker')
      expect((await reader.rest()).at(-1)).toMatchObject({ event: 'metrics' })
      expect((await fetch(`${worker.url}/jobs`)).status).toBe(404)
      expect((await fetch(`${worker.url}/health/ready`)).status).toBe(200)
      for (const server of [api, worker]) {
        server.signal('SIGTERM')
        expect(await server.exit()).toBe(0)
      }
    })

    it('may be one process, and waits at its start for a Redis that is not up yet', async () => {
      const cluster = await Cluster.prepare(await newDatabase())
      await cluster.redis.kill()
      const server = await cluster.spawn('all')
      await vi.waitUntil(() => server.output.includes('could not connect yet; trying again'), 20_000)
      expect(server.output).toContain('Redis at 127.0.0.1:')
      await cluster.redis.startAgain()
      const { id } = await createJob(await server.listening(), ECHO)
      expect((await readStream(await server.listening(), id)).text).toBe('Once upon a time')
    })
  })
})

describe('contradictory settings of a cluster', () => {
  it('are all named at the start', async () => {
    const server = await ServerProcess.spawn({
      REDIS_URL: 'redis://127.0.0.1:1',
      DATABASE_URL: 'jobs.json',
      PORT: 'http',
    })
    expect(await server.exit()).toBe(1)
    expect(server.output).toMatch(/PORT: [\s\S]*REDIS_URL: .*postgres/)
  })
})
