import { Readiness } from '@promptlab/contract'
import { startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { pino } from 'pino'
import { expect, it, onTestFinished, vi } from 'vitest'
import { newJob, startJob } from '../../src/jobs/job.ts'
import { CuttableProxy } from '../support/cuttable-proxy.ts'
import { FeedReader } from '../support/feed-reader.ts'
import { createJob, getJob, jobOf, postJob, problemOf, readStream, StreamReader } from '../support/job-client.ts'
import { withPostgres } from '../support/test-postgres.ts'
import { startServer } from '../support/test-server.ts'
import { OPENAI } from '../support/vendor-server.ts'

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

await withPostgres((newDatabase) => {
  async function startBehindProxy(env: Record<string, string> = {}) {
    const proxy = await CuttableProxy.start(await newDatabase())
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const { url } = await startServer({
      env: { DATABASE_URL: proxy.url, OPENAI_API_KEY: 'key', OPENAI_BASE_URL: vendor.url, ...env },
    })
    return { proxy, vendor, url }
  }

  it('refuses new jobs while PostgreSQL is away, and stores the end of a running job once it is back', async () => {
    const { proxy, vendor, url } = await startBehindProxy()
    const running = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    const reader = await StreamReader.open(url, running.id)
    exchange.sendToken('Half')
    await reader.nextToken()

    proxy.cut()
    const refused = await postJob(url, ECHO)
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('5')
    expect(await problemOf(refused)).toMatchObject({ code: 'storage-unavailable' })
    expect((await fetch(`${url}/jobs/${running.id}`)).status).toBe(503)
    const readiness = await fetch(`${url}/health/ready`)
    expect(Readiness.parse(await readiness.json())).toMatchObject({ dependencies: { storage: { ready: false } } })

    exchange.sendToken(' and half')
    exchange.finish()
    proxy.restore()
    expect((await reader.rest()).at(-1)).toMatchObject({ event: 'metrics', id: 'end' })
    expect(await getJob(url, running.id)).toMatchObject({ status: 'completed', result: 'Half and half' })
    await vi.waitUntil(async () => (await postJob(url, ECHO)).status === 202, 10_000)
    expect((await fetch(`${url}/health/ready`)).status).toBe(200)
  })

  it('tells the end of a job whose record PostgreSQL stored without an answer', async () => {
    const { proxy, vendor, url } = await startBehindProxy()
    const feed = await FeedReader.open(url)
    onTestFinished(() => feed.leave())
    const { id } = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    proxy.cutBehind((bytes) => bytes.includes('completed'))
    exchange.sendToken('All')
    exchange.finish()
    await vi.waitUntil(async () => (await fetch(`${url}/jobs/${id}`)).status === 503, 10_000)
    proxy.restore()
    const told: string[] = []
    while (told.at(-1) !== 'completed') told.push((await feed.next())?.status ?? 'nothing more')
    expect(told).toEqual(['pending', 'running', 'completed'])
    expect(await getJob(url, id)).toMatchObject({ status: 'completed', result: 'All' })
  })

  it('streams at most a second of text that PostgreSQL does not have, and goes on when it is back', async () => {
    const { proxy, vendor, url } = await startBehindProxy()
    const { id } = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    const reader = await StreamReader.open(url, id)
    let received = 0
    const counting = (async () => {
      for (let event = await reader.next(); event?.event === undefined || event.event === 'token'; received++) {
        event = await reader.next()
      }
    })()
    let sent = 0
    const sending = setInterval(() => exchange.sendToken(` ${sent++}`), 20)
    onTestFinished(() => clearInterval(sending))
    await vi.waitUntil(() => received > 10, 10_000)
    proxy.cut()
    const sentAtCut = sent
    // The vendor goes on, and the reader gets nothing more.
    await vi.waitUntil(() => sent - received > 50, 10_000)
    expect(received - sentAtCut).toBeLessThan(75)
    proxy.restore()
    await vi.waitUntil(() => sent - received < 10, 20_000)
    clearInterval(sending)
    exchange.finish()
    await counting
    const text = Array.from({ length: sent }, (_, index) => ` ${index}`).join('')
    expect(await getJob(url, id)).toMatchObject({ status: 'completed', result: text })
    expect((await readStream(url, id)).text).toBe(text)
  })

  it('starts although PostgreSQL ends its connections while it recovers jobs', async () => {
    const databaseUrl = await newDatabase()
    const first = await startServer({ env: { DATABASE_URL: databaseUrl } })
    // As a server leaves it that is killed.
    await first.jobs.insert(startJob(newJob('job', ECHO, Date.now()), Date.now()))
    await first.app.close()

    const proxy = await CuttableProxy.start(databaseUrl)
    proxy.cutBefore((request) => request.includes(`"status" = 'running'`))
    const warnings: string[] = []
    const write = (line: string) => {
      warnings.push(line)
      proxy.restore()
    }
    const { url } = await startServer({
      env: { DATABASE_URL: proxy.url },
      logger: pino({ level: 'warn' }, { write }),
    })
    expect(warnings.join('')).toContain('trying again')
    expect(await getJob(url, 'job')).toMatchObject({ status: 'failed', error: { code: 'interrupted' } })
  })

  it('runs a job whose turn came while PostgreSQL was away', async () => {
    const { proxy, vendor, url } = await startBehindProxy({ MAX_CONCURRENT_JOBS: '1' })
    const first = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    const waiting = await createJob(url, ECHO)
    proxy.cut()
    await fetch(`${url}/jobs/${first.id}/cancel`, { method: 'POST' })
    exchange.finish()
    proxy.restore()
    await noneUnfinished(url)
    expect((await readStream(url, waiting.id)).text).toBe('Once upon a time')
  })

  it('loses no accepted job when all connections to PostgreSQL break five times under load', {
    timeout: 120_000,
  }, async () => {
    const { proxy, url } = await startBehindProxy()
    const taken: string[] = []
    let isOver = false
    const clients = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const response = await postJob(url, ECHO)
        if (response.status === 202) taken.push((await jobOf(response)).id)
        else expect(await problemOf(response)).toMatchObject({ code: 'storage-unavailable' })
      }
    })
    for (let cuts = 0; cuts < 5; cuts++) {
      const before = taken.length
      proxy.restore()
      await vi.waitUntil(() => taken.length > before + 20, 20_000)
      proxy.cut()
    }
    proxy.restore()
    isOver = true
    await Promise.all(clients)
    await noneUnfinished(url)
    for (const id of taken) expect((await readStream(url, id)).text).toBe('Once upon a time')
  })
})

/** Waits until every job has ended, and the list of jobs says so. */
async function noneUnfinished(url: string): Promise<void> {
  await vi.waitUntil(async () => {
    const unfinished = ['pending', 'running'].map((status) => fetch(`${url}/jobs?status=${status}`))
    const pages = await Promise.all((await Promise.all(unfinished)).map((response) => response.text()))
    return pages.every((page) => page.startsWith('{"data":[],'))
  }, 20_000)
}
