import { readFile, writeFile } from 'node:fs/promises'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createJob, getJob, readStream, StreamReader } from '../support/job-client.ts'
import { ServerProcess } from '../support/server-process.ts'
import { newStorePath } from '../support/test-server.ts'

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const KEY = 'sk-very-secret-key-0123456789'

describe('the server process', () => {
  it('prints its address, a command to try, the providers and the store', async () => {
    const DATABASE_URL = await newStorePath()
    const server = await ServerProcess.start({ DATABASE_URL })
    expect(server.output).toContain(`curl -si ${server.url}/jobs`)
    expect(server.output).toContain('openai (set OPENAI_API_KEY)')
    expect(server.output).toContain(DATABASE_URL)
  })

  it('loses nothing that clients were told when it is killed', async () => {
    const DATABASE_URL = await newStorePath()
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const env = {
      DATABASE_URL,
      OPENAI_API_KEY: KEY,
      OPENAI_BASE_URL: vendor.url,
      MAX_CONCURRENT_JOBS: '2',
      MAX_CONCURRENT_JOBS_PER_PROVIDER: '2',
    }
    const first = await ServerProcess.start(env)
    const done = await createJob(first.url, ECHO)
    const before = await readStream(first.url, done.id)
    const toVendor = { prompt: 'Hello', provider: 'openai', model: 'gpt-4' }
    const running = await createJob(first.url, toVendor)
    const reader = await StreamReader.open(first.url, running.id)
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Hi')
    await reader.nextToken()
    const alsoRunning = await createJob(first.url, toVendor)
    await vendor.nextRequest()
    const waiting = await createJob(first.url, ECHO)
    await first.kill()

    const second = await ServerProcess.start(env)
    expect(await readStream(second.url, done.id)).toMatchObject({ text: before.text, final: before.final })
    expect((await readStream(second.url, waiting.id)).text).toBe('Once upon a time')
    for (const { id } of [running, alsoRunning]) {
      expect(await getJob(second.url, id)).toMatchObject({ status: 'failed', error: { code: 'interrupted' } })
      expect((await readStream(second.url, id)).final?.event).toBe('error')
    }
    expect(vendor.requests).toBe(2)
  })

  it('refuses a store that another server uses, and names that process', async () => {
    const DATABASE_URL = await newStorePath()
    await ServerProcess.start({ DATABASE_URL })
    const second = await ServerProcess.spawn({ DATABASE_URL })
    expect(await second.exit()).toBe(1)
    expect(second.output).toMatch(/^The job store .*jobs\.json is in use by process \d+ on .*Stop that server/)
  })

  it('refuses a damaged store and does not change it', async () => {
    const DATABASE_URL = await newStorePath()
    await writeFile(DATABASE_URL, '{"version":1,"jobs":[')
    const server = await ServerProcess.spawn({ DATABASE_URL })
    expect(await server.exit()).toBe(1)
    expect(server.output).toMatch(/^The job store .*jobs\.json is damaged: it is not JSON/)
    expect(await readFile(DATABASE_URL, 'utf8')).toBe('{"version":1,"jobs":[')
  })

  it('names every invalid setting and exits with 1', async () => {
    const server = await ServerProcess.spawn({ PORT: 'http', LOG_LEVEL: 'loud' })
    expect(await server.exit()).toBe(1)
    expect(server.output).toMatch(/PORT: Must be a whole number[\s\S]*LOG_LEVEL:/)
  })

  it('says that its port is taken and exits with 1', async () => {
    const first = await ServerProcess.start({ DATABASE_URL: await newStorePath() })
    const PORT = new URL(first.url).port
    const second = await ServerProcess.spawn({ DATABASE_URL: await newStorePath(), PORT })
    expect(await second.exit()).toBe(1)
    expect(second.output).toContain('The server cannot listen')
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends on %s with exit code 0: streams end without a final event, and the job keeps its text',
    async (signal) => {
      const vendor = await startOpenAIVendor()
      onTestFinished(() => vendor.close())
      const env = {
        DATABASE_URL: await newStorePath(),
        OPENAI_API_KEY: KEY,
        OPENAI_BASE_URL: vendor.url,
        DRAIN_MS: '0',
      }
      const server = await ServerProcess.start(env)
      const { id } = await createJob(server.url, { prompt: 'Hello', provider: 'openai', model: 'gpt-4' })
      const reader = await StreamReader.open(server.url, id)
      const exchange = await vendor.nextRequest()
      exchange.sendToken('Half')
      await reader.nextToken()
      server.signal(signal)
      expect((await reader.rest()).filter(({ event }) => event)).toEqual([])
      await exchange.closed
      expect(await server.exit()).toBe(0)

      const second = await ServerProcess.start(env)
      const { text, final } = await readStream(second.url, id, { after: 4 })
      expect({ text, event: final?.event }).toEqual({ text: '', event: 'error' })
      expect(await getJob(second.url, id)).toMatchObject({ result: 'Half', error: { code: 'interrupted' } })
    },
  )

  it('stops within DRAIN_MS with 500 open streams and 50 running jobs', async () => {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    vendor.respondWith((exchange) => exchange.sendToken('Half'))
    const env = {
      DATABASE_URL: await newStorePath(),
      OPENAI_API_KEY: KEY,
      OPENAI_BASE_URL: vendor.url,
      MAX_CONCURRENT_JOBS_PER_PROVIDER: '64',
      DRAIN_MS: '100',
    }
    const server = await ServerProcess.start(env)
    const body = { prompt: 'Hello', provider: 'openai', model: 'gpt-4' }
    const jobs = await Promise.all(Array.from({ length: 50 }, () => createJob(server.url, body)))
    const streams = jobs.flatMap(({ id }) => Array.from({ length: 10 }, () => StreamReader.open(server.url, id)))
    const readers = await Promise.all(streams)
    for (const reader of readers) expect(await reader.nextToken()).toBe('Half')
    server.signal('SIGTERM')
    const rests = await Promise.all(readers.map((reader) => reader.rest()))
    expect(rests.flat().filter(({ event }) => event)).toEqual([])
    expect(await server.exit()).toBe(0)

    const again = await ServerProcess.start(env)
    for (const { id } of jobs) {
      expect(await getJob(again.url, id)).toMatchObject({ result: 'Half', error: { code: 'interrupted' } })
    }
    expect(vendor.requests).toBe(50)
  })

  it('lets running jobs end within DRAIN_MS', async () => {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const env = { DATABASE_URL: await newStorePath(), OPENAI_API_KEY: KEY, OPENAI_BASE_URL: vendor.url }
    const server = await ServerProcess.start(env)
    const { id } = await createJob(server.url, { prompt: 'Hello', provider: 'openai', model: 'gpt-4' })
    const reader = await StreamReader.open(server.url, id)
    const exchange = await vendor.nextRequest()
    server.signal('SIGTERM')
    await reader.rest()
    await expect(fetch(`${server.url}/health/live`)).rejects.toThrow('fetch failed')
    exchange.sendToken('Whole')
    exchange.finish()
    expect(await server.exit()).toBe(0)
    const again = await ServerProcess.start(env)
    expect(await getJob(again.url, id)).toMatchObject({ status: 'completed', result: 'Whole' })
  })

  it('exits at once on a second signal', async () => {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const env = { DATABASE_URL: await newStorePath(), OPENAI_API_KEY: KEY, OPENAI_BASE_URL: vendor.url }
    const server = await ServerProcess.start({ ...env, DRAIN_MS: '600000' })
    const { id } = await createJob(server.url, { prompt: 'Hello', provider: 'openai', model: 'gpt-4' })
    const reader = await StreamReader.open(server.url, id)
    await vendor.nextRequest()
    server.signal('SIGTERM')
    await reader.rest()
    server.signal('SIGTERM')
    expect(await server.exit()).toBe(1)
  })

  it('never prints a key, also when the vendor sends it back', async () => {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    vendor.respondWith((exchange) => exchange.fail(401, { message: `Bad key ${KEY} in Bearer ${KEY}` }))
    const server = await ServerProcess.start({
      DATABASE_URL: await newStorePath(),
      OPENAI_API_KEY: KEY,
      OPENAI_BASE_URL: vendor.url,
      LOG_LEVEL: 'trace',
    })
    const { id } = await createJob(server.url, { prompt: 'Hello', provider: 'openai', model: 'gpt-4' })
    await readStream(server.url, id)
    server.signal('SIGTERM')
    await server.exit()
    expect(server.output).toContain('job failed')
    expect(server.output).not.toContain(KEY)
  })
})
