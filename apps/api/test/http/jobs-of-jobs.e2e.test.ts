import { JobResource } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { ANN, ApiKeyServer, BOB, ECHO } from '../support/api-key-server.ts'
import { createJob, finishedJob, getJob, jobOf, problemOf } from '../support/job-client.ts'
import { finishedOf, postTo, Speaker } from '../support/jobs-of-jobs.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'

const ROUTES = [
  ['rerun', {}],
  ['fork', { at: 4 }],
] as const
const SCRIPTED = { provider: 'scripted', model: 'script-1' }
const ONE = { prompt: 'Hello', provider: 'one', model: 'm' }
const never = new Promise<void>(() => {})
describe('a job of a job', () => {
  it.each(ROUTES)('%s is answered as POST /jobs: 202, a wait, a repeat, a stream', async (route, body) => {
    const { url } = await startServer()
    const { id } = await finishedJob(url, ECHO)
    const response = await postTo(url, id, route, body, { 'idempotency-key': 'k' })
    const made = JobResource.parse(await response.json())
    expect([response.status, response.headers.get('location')]).toEqual([202, `/jobs/${made.id}`])
    expect(made).toMatchObject({ status: 'pending', links: { self: `/jobs/${made.id}` } })
    const waited = await postTo(url, id, route, body, { 'idempotency-key': 'k', prefer: 'wait=30' })
    expect([waited.status, waited.headers.get('idempotency-replayed')]).toEqual([200, 'true'])
    expect(waited.headers.get('preference-applied')).toBe('wait=30')
    expect(await jobOf(waited)).toMatchObject({ id: made.id, status: 'completed' })
    const other = await postTo(url, made.id, route, body, { 'idempotency-key': 'k' })
    expect([other.status, (await problemOf(other)).code]).toEqual([422, 'idempotency-key-reused'])
    const streamed = await postTo(url, id, route, body, { accept: 'text/plain' })
    expect([streamed.status, await streamed.text()]).toEqual([200, ECHO.prompt])
  })

  it('is given to a repeated request when the first job is deleted since', async () => {
    const { url } = await startServer()
    const { id } = await finishedJob(url, ECHO)
    const { id: made } = await jobOf(await postTo(url, id, 'fork', { at: 4 }, { 'idempotency-key': 'k' }))
    expect((await fetch(`${url}/jobs/${id}`, { method: 'DELETE' })).status).toBe(204)
    const repeated = await postTo(url, id, 'fork', { at: 4 }, { 'idempotency-key': 'k' })
    expect([repeated.status, (await jobOf(repeated)).id]).toEqual([200, made])
    expect((await problemOf(await postTo(url, id, 'fork', { at: 4 }))).code).toBe('job-not-found')
  })

  it.each(ROUTES)('%s is made only of a job of the same caller that is not hidden', async (route, body) => {
    const server = await ApiKeyServer.start()
    const { id } = await server.finishedJob(ANN)
    const post = (key: string, of: string) => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` }
      return postTo(server.url, of, route, body, headers)
    }
    expect((await problemOf(await post(BOB, id))).code).toBe('job-not-found')
    expect((await post(ANN, id)).status).toBe(202)
    const hidden = await server.call(ANN, '/v1/chat/completions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'echo/echo', messages: [{ role: 'user', content: 'Hi' }], store: false }),
    })
    const hiddenId = hidden.headers.get('x-promptlab-job') ?? ''
    expect(hidden.status).toBe(200)
    expect((await problemOf(await post(ANN, hiddenId))).code).toBe('job-not-found')
  })

  it.each(ROUTES)('%s of a job of a door is a native job', async (route, body) => {
    const { url } = await startServer()
    const response = await fetch(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'echo/echo', store: true, messages: [{ role: 'user', content: 'Hello there' }] }),
    })
    await response.text()
    const made = await finishedOf(url, response.headers.get('x-promptlab-job') ?? '', route, body)
    expect(made).toMatchObject({ status: 'completed', result: 'Hello there' })
  })

  it('counts as a created job in the metrics', async () => {
    const { url } = await startServer()
    const { id } = await finishedJob(url, ECHO)
    const count = async () =>
      /^promptlab_jobs_created_total(?:\{.*\})? (\d+)$/m.exec(await (await fetch(`${url}/metrics`)).text())?.[1]
    const before = Number(await count())
    for (const [route, body] of ROUTES) await finishedOf(url, id, route, body)
    expect(Number(await count())).toBe(before + 2)
  })

  it('counts with all its content against what a caller may store', async () => {
    const server = await ApiKeyServer.start({ env: { MAX_STORED_BYTES_PER_KEY: '5000' } })
    const messages = [{ role: 'user', content: 'a'.repeat(2_000) }]
    const { prompt: _, ...echo } = ECHO
    const post = (path: string, body: object) =>
      server.call(ANN, path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', prefer: 'wait=30' },
        body: JSON.stringify(body),
      })
    const { id } = await jobOf(await post('/jobs', { ...echo, messages }))
    expect((await post(`/jobs/${id}/rerun`, {})).status).toBe(200)
    expect((await problemOf(await post(`/jobs/${id}/rerun`, {}))).code).toBe('storage-quota-exceeded')
    expect((await problemOf(await post(`/jobs/${id}/fork`, { at: 'end' }))).code).toBe('storage-quota-exceeded')
  })
})

describe('POST /jobs/:id/rerun', () => {
  it('copies what was asked, and changes what the body says', async () => {
    const providers = [new Speaker('one'), new Speaker('two')]
    const { url } = await startServer({ providers })
    const tools = [{ name: 'look' }]
    const options = { temperature: 0.5, tools, toolChoice: { name: 'look' }, vendor: { top_k: 3 } }
    const fallbacks = [{ provider: 'two', model: 'n' }]
    const first = await finishedJob(url, { ...ONE, options, fallbacks, maxCostUsd: 2 })
    const asked = async (body?: object) => {
      const { options, fallbacks, maxCostUsd, rerunOf } = await finishedOf(url, first.id, 'rerun', body)
      expect(rerunOf).toBe(first.id)
      return { options, fallbacks, maxCostUsd }
    }
    expect(await asked()).toEqual({ options, fallbacks, maxCostUsd: 2 })
    expect(await asked({})).toEqual({ options, fallbacks, maxCostUsd: 2 })
    expect(await asked({ options: { temperature: null, maxTokens: 7 }, maxCostUsd: 3 })).toEqual({
      options: { tools, toolChoice: { name: 'look' }, vendor: { top_k: 3 }, maxTokens: 7 },
      fallbacks,
      maxCostUsd: 3,
    })
    expect(await asked({ fallbacks: [], maxCostUsd: null, options: { vendor: null } })).toEqual({
      options: { temperature: 0.5, tools, toolChoice: { name: 'look' } },
    })
    const { vendor: _, ...others } = options
    expect(await asked({ provider: 'two' })).toEqual({ options: others, maxCostUsd: 2 })
    expect(await asked({ provider: 'two', options: { vendor: { x: 1 } } })).toMatchObject({
      options: { ...others, vendor: { x: 1 } },
    })
    expect(await asked({ model: 'n' })).toEqual({ options, maxCostUsd: 2 })
  })

  it('asks the same conversation again', async () => {
    const speaker = new Speaker('one')
    const { url } = await startServer({ providers: [speaker] })
    const first = await finishedJob(url, ONE)
    const second = await finishedJob(url, { ...ONE, prompt: 'And?', previousJobId: first.id })
    expect(await finishedOf(url, second.id, 'rerun')).toMatchObject({ previousJobId: first.id, prompt: 'And?' })
    expect(speaker.asked[2]).toEqual(speaker.asked[1])
    await fetch(`${url}/jobs/${first.id}`, { method: 'DELETE' })
    expect((await problemOf(await postTo(url, second.id, 'rerun'))).code).toBe('previous-job-gone')
  })

  it('takes a job that waits, runs, failed or was cancelled', async () => {
    const speaker = new Speaker('one')
    const { url } = await startServer({ providers: [new ScriptedProvider([never]), speaker] })
    const { id } = await createJob(url, { prompt: 'Go', ...SCRIPTED })
    const to = { provider: 'one', model: 'm' }
    expect(await finishedOf(url, id, 'rerun', to)).toMatchObject({ result: 'Done.', rerunOf: id })
    await fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })
    expect(await finishedOf(url, id, 'rerun', to)).toMatchObject({ result: 'Done.', prompt: 'Go' })
    expect(await getJob(url, id)).toMatchObject({ status: 'cancelled' })
  })

  it.each<[object, string, string]>([
    [{ provider: 'none' }, 'unknown-provider', ''],
    [{ model: 'none' }, 'unknown-model', ''],
    [SCRIPTED, 'unsupported-option', 'options.tools'],
    [{ options: { tools: null } }, 'invalid-request', 'options.toolChoice'],
    [
      { options: { tools: [{ name: 'a' }, { name: 'a' }], toolChoice: null } },
      'invalid-request',
      'options.tools[1].name',
    ],
    [
      { options: { tools: [{ name: 'look', parameters: { type: 1 } }] } },
      'invalid-request',
      'options.tools[0].parameters',
    ],
    [{ options: { temprature: 1 } }, 'invalid-request', 'options.temprature'],
    [{ options: null }, 'invalid-request', 'options'],
    [{ prompt: 'Other' }, 'invalid-request', 'prompt'],
    [{ fallbacks: [{ provider: 'one', model: 'm' }] }, 'invalid-request', 'fallbacks[0]'],
    [[], 'invalid-request', 'body'],
  ])('refuses %j with %s', async (body, code, path) => {
    const { url } = await startServer({ providers: [new Speaker('one'), new ScriptedProvider(['x'])] })
    const options = { temperature: 0.5, tools: [{ name: 'look' }], toolChoice: { name: 'look' } }
    const { id } = await finishedJob(url, { ...ONE, options })
    const problem = await problemOf(await postTo(url, id, 'rerun', body))
    expect(problem.code).toBe(code)
    if (path) expect(problem.errors?.map((fault) => fault.path)).toContain(path)
  })

  it('says of what was copied and cannot be kept where it comes from, and how it is left out', async () => {
    const { url } = await startServer({ providers: [new Speaker('one'), new ScriptedProvider(['x'])] })
    const options = { tools: [{ name: 'look' }], toolChoice: { name: 'look' } }
    const { id } = await finishedJob(url, { ...ONE, options })
    const detail = async (body: object) => (await problemOf(await postTo(url, id, 'rerun', body))).detail
    const copied = `The job ${id} has options.tools, options.toolChoice. Send null there to leave them out.`
    expect(await detail(SCRIPTED)).toContain(copied)
    expect(await detail({ options: { tools: null } })).toContain(
      `The job ${id} has options.toolChoice. Send null there`,
    )
    expect(await detail({ ...SCRIPTED, options })).not.toContain(id)
    expect(
      await finishedOf(url, id, 'rerun', { ...SCRIPTED, options: { tools: null, toolChoice: null } }),
    ).toMatchObject({
      result: 'x',
    })
  })
})
