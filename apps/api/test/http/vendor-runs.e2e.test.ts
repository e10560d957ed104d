import { setTimeout as sleep } from 'node:timers/promises'
import { type BackgroundVendor, type CreatedRun, startBackgroundVendor } from '@promptlab/providers/testing/vendors'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { StoredJob } from '../../src/jobs/job.ts'
import { createJob, getJob, readStream, StreamReader } from '../support/job-client.ts'
import { newStorePath, startServer, type TestServer } from '../support/test-server.ts'
import { PATIENT } from '../support/vendor-server.ts'

const ASKED = { prompt: 'Hello', provider: 'openai', model: 'gpt-4' }
const WORDS = ['Once ', 'upon ', 'a ', 'time', '.']
const TEXT = WORDS.join('')

interface Background extends TestServer {
  readonly vendor: BackgroundVendor
  /** Starts the server again on the same store and with the same vendor. */
  startAgain(config?: { retryDelayMs?: number }): Promise<TestServer>
}

async function startBackground(store?: string): Promise<Background> {
  const vendor = await startBackgroundVendor()
  onTestFinished(() => vendor.close())
  const env = {
    DATABASE_URL: store ?? (await newStorePath()),
    OPENAI_API_KEY: 'key',
    OPENAI_BASE_URL: vendor.url,
    OPENAI_API: 'responses',
    OPENAI_BACKGROUND: 'on',
  }
  const start = () => startServer({ env: { ...env }, config: { run: PATIENT } })
  return { ...(await start()), vendor, startAgain: start }
}

/** Says the words up to a gate, and the others behind it. */
function sayInTwo({ run }: CreatedRun, before: number, words = WORDS): { goOn: () => void; said: Promise<void> } {
  const gate = Promise.withResolvers<void>()
  let count = 0
  const said = run.say([{ type: 'text', pieces: words }], () => (++count > before ? gate.promise : Promise.resolve()))
  return { goOn: gate.resolve, said }
}

async function tokens(reader: StreamReader, count: number): Promise<string> {
  let text = ''
  for (let read = 0; read < count; read++) text += await reader.nextToken()
  return text
}

async function ended(url: string, id: string) {
  await readStream(url, id)
  return await getJob(url, id)
}

describe('a run at a vendor that goes on without us', () => {
  it('is stored with its handle before anything of it is published', async () => {
    const { url, vendor, jobs } = await startBackground()
    const { id } = await createJob(url, ASKED)
    const created = await vendor.nextRun()
    const { goOn } = sayInTwo(created, 1)
    const reader = await StreamReader.open(url, id)
    expect(await reader.nextToken()).toBe('Once ')
    const handle = { id: created.run.id }
    expect(await jobs.find(id)).toMatchObject({
      runState: { vendorRun: { provider: 'openai', model: 'gpt-4', handle } },
    })
    goOn()
    expect(await ended(url, id)).toMatchObject({ status: 'completed', result: TEXT })
    expect(await jobs.find(id)).not.toHaveProperty('runState')
  })

  it.each([
    ['by stream', true],
    ['by asking for it', false],
  ])('is joined again %s when the connection breaks, and nothing is bought or said twice', async (_, streamsJoined) => {
    const { url, vendor } = await startBackground()
    vendor.streamsJoined = streamsJoined
    const { id } = await createJob(url, ASKED)
    const created = await vendor.nextRun()
    const { goOn, said } = sayInTwo(created, 2)
    const reader = await StreamReader.open(url, id)
    const first = await tokens(reader, 2)
    created.run.breakConnections()
    goOn()
    await said
    const rest = await reader.rest()
    const later = rest
      .filter(({ event, data }) => event === undefined && data)
      .map(({ data = '' }) => JSON.parse(data).token)
    expect(first + later.join('')).toBe(TEXT)
    expect(rest.at(-1)?.event).toBe('metrics')
    const job = await getJob(url, id)
    expect(job).toMatchObject({ status: 'completed', result: TEXT, metrics: { attempts: 1, finishReason: 'stop' } })
    expect('metrics' in job && job.metrics.calls).toHaveLength(1)
    expect(vendor.created.size).toBe(1)
  })

  it('is joined as often as the connection breaks', async () => {
    const { url, vendor } = await startBackground()
    const { id } = await createJob(url, ASKED)
    const { run } = await vendor.nextRun()
    const words = Array.from({ length: 40 }, (_, index) => `${index} `)
    const said = run.say([{ type: 'text', pieces: words }], async () => {
      await sleep(2)
      run.breakConnections()
    })
    await said
    expect(await ended(url, id)).toMatchObject({ status: 'completed', result: words.join('') })
    expect(vendor.created.size).toBe(1)
  })

  it('ends its job as interrupted when the vendor does not have it any more', async () => {
    const { url, vendor } = await startBackground()
    const { id } = await createJob(url, ASKED)
    const created = await vendor.nextRun()
    sayInTwo(created, 2)
    await tokens(await StreamReader.open(url, id), 2)
    vendor.forget(created.run.id)
    created.run.breakConnections()
    expect(await ended(url, id)).toMatchObject({
      status: 'failed',
      error: { code: 'interrupted', retryable: true },
      result: 'Once upon ',
    })
    expect(vendor.created.size).toBe(0)
  })

  it('ends its job as interrupted when it says something else than before', async () => {
    const { url, vendor } = await startBackground()
    const { id } = await createJob(url, ASKED)
    const created = await vendor.nextRun()
    sayInTwo(created, 2)
    await tokens(await StreamReader.open(url, id), 2)
    const [, other] = [await createJob(url, ASKED), await vendor.nextRun()]
    await other.run.say([{ type: 'text', pieces: ['Twice ', 'upon'] }])
    vendor.created.set(created.run.id, other)
    created.run.breakConnections()
    expect(await ended(url, id)).toMatchObject({
      status: 'failed',
      error: { code: 'interrupted' },
      result: 'Once upon ',
    })
  })

  it('fails its job when it failed at the vendor', async () => {
    const { url, vendor } = await startBackground()
    const { id } = await createJob(url, ASKED)
    const created = await vendor.nextRun()
    sayInTwo(created, 1)
    await tokens(await StreamReader.open(url, id), 1)
    created.run.end('failed')
    expect(await ended(url, id)).toMatchObject({ status: 'failed', error: { code: 'provider-unavailable' } })
    expect(vendor.joins).toEqual([])
  })

  it('is cancelled at the vendor with its job', async () => {
    const { url, vendor } = await startBackground()
    const { id } = await createJob(url, ASKED)
    const created = await vendor.nextRun()
    sayInTwo(created, 1)
    await tokens(await StreamReader.open(url, id), 1)
    expect((await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })).status).toBe(200)
    await vi.waitUntil(() => created.run.status === 'cancelled')
    expect(await getJob(url, id)).toMatchObject({ status: 'cancelled', result: 'Once ' })
  })

  it('is not made for a caller who asked not to store the answer', async () => {
    const { url, vendor } = await startBackground()
    const answer = fetch(`${url}/v1/responses`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'openai/gpt-4', input: 'Hello', store: false }),
    })
    const { body, run } = await vendor.nextRun()
    expect(body).toMatchObject({ store: false })
    expect(body).not.toHaveProperty('background')
    await run.say([{ type: 'text', pieces: WORDS }])
    expect((await answer).status).toBe(200)
  })
})

describe('a run at a vendor whose process ends', () => {
  const PARTS = [
    { type: 'reasoning', pieces: ['Let me ', 'think.'] },
    { type: 'text', pieces: WORDS },
    { type: 'call', callId: 'call_1', name: 'look', pieces: ['{"at":', '"moon"}'] },
  ] as const

  it.each([
    ['a JSON file', newStorePath],
    ['SQLite', async () => `sqlite:${await newStorePath()}`],
  ])('goes on in the next process, where its readers resume, on %s', async (_, newStore) => {
    const first = await startBackground(await newStore())
    const { vendor } = first
    const { id } = await createJob(first.url, ASKED)
    const { run } = await vendor.nextRun()
    const gate = Promise.withResolvers<void>()
    let count = 0
    const said = run.say(PARTS, () => (++count > 5 ? gate.promise : Promise.resolve()))
    const reader = await StreamReader.open(first.url, id, { view: 'full' })
    let cursor: string | undefined
    for (let read = 0; read < 5; ) {
      const frame = await reader.next()
      if (frame?.data === undefined) continue
      cursor = frame.id
      read++
    }
    await first.app.close()

    const { url, jobs } = await first.startAgain()
    const stored = await jobs.find(id)
    expect(stored).toMatchObject({ status: 'running', run: 2, result: 'Once upon a ' })
    const resumed = StreamReader.open(url, id, { view: 'full', ...(cursor !== undefined && { lastEventId: cursor }) })
    const reading = await resumed
    gate.resolve()
    await said
    const frames = (await reading.rest()).filter(({ data }) => data !== undefined)
    expect(frames.map(({ event }) => event ?? 'text')).toEqual([
      'text',
      'text',
      'tool-call',
      'tool-arguments',
      'tool-arguments',
      'tool-call-end',
      'metrics',
    ])
    expect(await readStream(url, id)).toMatchObject({ text: TEXT })
    const job = await getJob(url, id)
    expect(job).toMatchObject({
      status: 'completed',
      result: TEXT,
      output: [
        { type: 'reasoning', text: 'Let me think.' },
        { type: 'text', text: TEXT },
        { type: 'tool-call', callId: 'call_1', name: 'look', arguments: '{"at":"moon"}' },
      ],
      metrics: { attempts: 1, tokenCount: 5, usage: { inputTokens: 3, outputTokens: 5 } },
    })
    const after: StoredJob | undefined = await jobs.find(id)
    expect(after && 'metrics' in after && after.metrics.calls).toMatchObject([{ endedBecause: 'completed' }])
    expect(vendor.created.size).toBe(1)
  })

  it('goes on where it had said nothing yet', async () => {
    const first = await startBackground()
    const { id } = await createJob(first.url, ASKED)
    const created = await first.vendor.nextRun()
    await vi.waitUntil(async () => (await first.jobs.find(id).then((job) => job && 'runState' in job)) === true)
    await first.app.close()
    const { url } = await first.startAgain()
    await created.run.say([{ type: 'text', pieces: WORDS }])
    expect(await ended(url, id)).toMatchObject({ status: 'completed', result: TEXT, metrics: { attempts: 1 } })
    expect(first.vendor.created.size).toBe(1)
  })

  it('goes on in the next process when this one stops while it asks for the run', async () => {
    const first = await startBackground()
    const { vendor } = first
    vendor.streamsJoined = false
    const { id } = await createJob(first.url, ASKED)
    const created = await vendor.nextRun()
    const { goOn, said } = sayInTwo(created, 2)
    await tokens(await StreamReader.open(first.url, id), 2)
    created.run.breakConnections()
    await vi.waitUntil(() => vendor.joins.some((request) => !request.includes('stream=true')), 10_000)
    await first.app.close()
    const { url } = await first.startAgain()
    goOn()
    await said
    expect(await ended(url, id)).toMatchObject({ status: 'completed', result: TEXT, metrics: { attempts: 1 } })
    expect(vendor.created.size).toBe(1)
  })

  it('ends its job as interrupted when the vendor does not have it any more', async () => {
    const first = await startBackground()
    const { id } = await createJob(first.url, ASKED)
    const created = await first.vendor.nextRun()
    sayInTwo(created, 2)
    await tokens(await StreamReader.open(first.url, id), 2)
    await first.app.close()
    first.vendor.forget(created.run.id)
    const { url } = await first.startAgain()
    expect(await ended(url, id)).toMatchObject({
      status: 'failed',
      error: { code: 'interrupted' },
      result: 'Once upon ',
    })
  })

  it('can be cancelled in the next process', async () => {
    const first = await startBackground()
    const { id } = await createJob(first.url, ASKED)
    const created = await first.vendor.nextRun()
    sayInTwo(created, 2)
    await tokens(await StreamReader.open(first.url, id), 2)
    await first.app.close()
    expect(created.run.isOver).toBe(false)
    const { url } = await first.startAgain()
    expect((await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })).status).toBe(200)
    await vi.waitUntil(() => created.run.status === 'cancelled')
    expect(await getJob(url, id)).toMatchObject({ status: 'cancelled', result: 'Once upon ' })
  })
})

describe('a run at a vendor that is refused', () => {
  const handleOf = ({ jobs }: TestServer, id: string) =>
    vi.waitUntil(async () => (await jobs.find(id))?.runState?.vendorRun)
  const isCreate = (request: string) => request.startsWith('POST') && !request.endsWith('/cancel')

  it('is joined again as long as the vendor only refuses to tell of it, and is not bought again', async () => {
    const server = await startBackground()
    const { url, vendor } = server
    const { id } = await createJob(url, ASKED)
    const { run } = await vendor.nextRun()
    await handleOf(server, id)
    let refusals = 0
    vendor.refusalOf = (request) => (isCreate(request) || refusals++ >= 6 ? undefined : { status: 429 })
    run.breakConnections()
    await vi.waitUntil(() => refusals > 6, 20_000)
    await run.say([{ type: 'text', pieces: WORDS }])
    expect(await ended(url, id)).toMatchObject({ status: 'completed', result: TEXT, metrics: { attempts: 1 } })
    expect(vendor.created.size).toBe(1)
  })

  it('is asked for again after a minute at most, whatever the vendor tells', async () => {
    const server = await startBackground()
    const { url, vendor } = server
    const { id } = await createJob(url, ASKED)
    const { run } = await vendor.nextRun()
    await handleOf(server, id)
    let refusals = 0
    vendor.refusalOf = (request) => {
      if (isCreate(request)) return undefined
      refusals++
      return { status: 429, retryAfterSeconds: 1_000_000_000 }
    }
    run.breakConnections()
    await vi.waitUntil(() => refusals === 1)
    await sleep(500)
    expect(refusals).toBe(1)
  })

  it.each(['as it runs', 'in the next process'])('goes back in line when it ends at its limit %s', async (when) => {
    const first = await startBackground()
    const { vendor } = first
    const { id } = await createJob(first.url, ASKED)
    const { run } = await vendor.nextRun()
    await handleOf(first, id)
    if (when === 'in the next process') await first.app.close()
    const { url, jobs } = when === 'in the next process' ? await first.startAgain() : first
    run.fail('rate_limit_exceeded', 'Rate limit reached for gpt-4. Please try again in 1s.')
    await vi.waitUntil(async () => (await getJob(url, id)).status === 'pending')
    expect((await jobs.find(id))?.runState).not.toHaveProperty('vendorRun')
    const next = await vendor.nextRun()
    await next.run.say([{ type: 'text', pieces: WORDS }])
    const job = await ended(url, id)
    expect(job).toMatchObject({ status: 'completed', result: TEXT, metrics: { attempts: 2 } })
    expect('metrics' in job && job.metrics.calls?.map(({ endedBecause }) => endedBecause)).toEqual([
      'provider-rate-limited',
      'completed',
    ])
  })

  it('is not joined in place of the call that follows it', async () => {
    const server = await startBackground()
    const { url, vendor, jobs } = server
    const { id } = await createJob(url, ASKED)
    const { run } = await vendor.nextRun()
    await handleOf(server, id)
    const asked = Promise.withResolvers<unknown>()
    vendor.refusalOf = (request) => {
      if (isCreate(request)) asked.resolve(jobs.find(id))
      return undefined
    }
    run.end('failed')
    expect(await asked.promise).not.toHaveProperty('runState.vendorRun')
    const next = await vendor.nextRun()
    await next.run.say([{ type: 'text', pieces: WORDS }])
    expect(await ended(url, id)).toMatchObject({ status: 'completed', metrics: { attempts: 2 } })
  })
})
