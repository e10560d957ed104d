import { JobPage } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { createJob, getJob, jobOf, pageThrough, problemOf, readStream } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'

const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const never = new Promise<void>(() => {})

describe('GET /jobs', () => {
  const page = async (url: string, query: string) => JobPage.parse(await (await fetch(`${url}/jobs?${query}`)).json())

  it('gives every job once, newest first, over pages that are read while jobs are added', async () => {
    const { url } = await startServer()
    const ids: string[] = []
    for (let count = 0; count < 7; count++) ids.unshift((await createJob(url, ECHO)).id)
    const seen = await pageThrough(url, 3, () => createJob(url, ECHO))
    expect(seen).toEqual(ids)
  })

  it('leaves out results, and filters by status and provider', async () => {
    const { url } = await startServer()
    const done = await createJob(url, ECHO)
    await readStream(url, done.id)
    const { data, nextCursor } = await page(url, 'status=completed&provider=echo')
    expect(data).toMatchObject([{ id: done.id, prompt: ECHO.prompt, metrics: { tokenCount: 4 } }])
    expect(data[0]).not.toHaveProperty('result')
    expect(nextCursor).toBeNull()
    expect((await page(url, 'status=failed')).data).toEqual([])
    expect((await page(url, 'provider=openai')).data).toEqual([])
  })

  it('is short however long the prompts and system texts are, and tells their lengths', async () => {
    const { url } = await startServer()
    const prompt = '🙂'.repeat(50_000)
    const options = { system: `${prompt}!`, temperature: 1, maxTokens: 7 }
    const jobs = await Promise.all(Array.from({ length: 20 }, () => createJob(url, { ...ECHO, prompt, options })))
    const response = await fetch(`${url}/jobs`)
    const text = await response.text()
    expect(text.length).toBeLessThan(30_000)
    const listed = '🙂'.repeat(100)
    for (const job of JobPage.parse(JSON.parse(text)).data) {
      expect(job).toMatchObject({ prompt: listed, promptLength: 100_000 })
      expect(job.options).toEqual({ system: listed, systemLength: 100_001, temperature: 1, maxTokens: 7 })
    }
    expect(await getJob(url, jobs[0]?.id ?? '')).toMatchObject({ prompt, options })
  })

  it.each([
    'limit=0',
    'limit=101',
    'limit=x',
    'status=done',
    'cursor=nonsense',
    'cursor=',
    'page=2',
    'limit=1&limit=2',
  ])('refuses the query %s', async (query) => {
    const response = await fetch(`${(await startServer()).url}/jobs?${query}`)
    expect(response.status).toBe(400)
    expect(await problemOf(response)).toMatchObject({
      code: 'invalid-request',
      errors: [{ path: query.split('=')[0] }],
    })
  })
})

describe('Idempotency-Key', () => {
  const post = (url: string, body: object, key: string) =>
    fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
      body: JSON.stringify(body),
    })

  it('answers a repeated request with the first job in its present state', async () => {
    const provider = new ScriptedProvider(['done'])
    const { url } = await startServer({ providers: [provider] })
    const first = await post(url, SCRIPTED, 'order-1')
    expect(first.status).toBe(202)
    expect(first.headers.get('idempotency-replayed')).toBeNull()
    const { id } = await jobOf(first)
    await readStream(url, id)
    const { provider: name, ...rest } = SCRIPTED
    const again = await post(url, { ...rest, provider: name }, 'order-1')
    expect(again.status).toBe(200)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.headers.get('location')).toBe(`/jobs/${id}`)
    expect(await jobOf(again)).toEqual(await getJob(url, id))
    expect(provider.calls).toBe(1)
  })

  it('makes one job of 20 simultaneous requests with one key', async () => {
    const provider = new ScriptedProvider(['done'])
    const { url } = await startServer({ providers: [provider] })
    const responses = await Promise.all(Array.from({ length: 20 }, () => post(url, SCRIPTED, 'order-1')))
    const jobs = await Promise.all(responses.map(jobOf))
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(1)
    expect(responses.filter(({ status }) => status === 202)).toHaveLength(1)
    await readStream(url, jobs[0]?.id ?? '')
    expect(provider.calls).toBe(1)
    expect(JobPage.parse(await (await fetch(`${url}/jobs`)).json()).data).toHaveLength(1)
  })

  it('refuses another body with a key that was used', async () => {
    const { url } = await startServer()
    await post(url, ECHO, 'order-1')
    const response = await post(url, { ...ECHO, prompt: 'Another' }, 'order-1')
    expect(response.status).toBe(422)
    expect(await problemOf(response)).toMatchObject({ code: 'idempotency-key-reused' })
  })

  it('answers a repeated request also when the queue is full', async () => {
    const env = { MAX_CONCURRENT_JOBS: '1', MAX_QUEUED_JOBS: '1' }
    const { url } = await startServer({ env, providers: [new ScriptedProvider([never])] })
    for (const key of ['1', '2']) expect((await post(url, SCRIPTED, key)).status).toBe(202)
    expect((await post(url, SCRIPTED, '3')).status).toBe(429)
    expect((await post(url, SCRIPTED, '2')).status).toBe(200)
  })

  it.each(['with space', 'x'.repeat(256)])('refuses the key "%.20s"', async (key) => {
    const response = await post((await startServer()).url, ECHO, key)
    expect(await problemOf(response)).toMatchObject({ status: 400, errors: [{ path: 'idempotency-key' }] })
  })
})

describe('Prefer: wait', () => {
  const post = (url: string, prefer: string, body: object = SCRIPTED) =>
    fetch(`${url}/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer },
      body: JSON.stringify(body),
    })

  it('answers 200 with the finished job', async () => {
    const { url } = await startServer()
    const response = await post(url, 'wait=30', ECHO)
    expect(response.status).toBe(200)
    expect(response.headers.get('preference-applied')).toBe('wait=30')
    expect(await response.json()).toMatchObject({ status: 'completed', result: 'Once upon a time' })
  })

  it('answers 200 also when the job fails', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider(['a', new Error('broken')])] })
    const response = await post(url, 'respond-async, wait=30')
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ status: 'failed', result: 'a' })
  })

  it('answers 202 when the job takes longer, and the job goes on', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startServer({ providers: [new ScriptedProvider([gate.promise, 'late'])] })
    const response = await post(url, 'wait=0')
    expect(response.status).toBe(202)
    const { id } = await jobOf(response)
    gate.resolve()
    expect((await readStream(url, id)).text).toBe('late')
  })

  it.each(['wait', 'Wait ', 'wait=', 'wait=""', 'respond-async, wait', 'wait; x=1'])(
    'waits as long as it can for "%s", which names no time',
    async (prefer) => {
      const { url } = await startServer()
      const response = await post(url, prefer, ECHO)
      expect([response.status, response.headers.get('preference-applied')]).toEqual([200, 'wait=60'])
    },
  )

  it('is ignored when its value is invalid', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider([never])] })
    for (const prefer of ['waiting', 'await', 'wait 5', 'wait=soon', 'wait=-1', 'return=minimal']) {
      const response = await post(url, prefer)
      expect([response.status, response.headers.get('preference-applied')]).toEqual([202, null])
    }
  })
})
