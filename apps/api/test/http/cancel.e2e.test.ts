import { describe, expect, it } from 'vitest'
import { createJob, getJob, jobOf, postJob, problemOf, readStream, StreamReader } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { startServer } from '../support/test-server.ts'
import { OPENAI, startVendorServer } from '../support/vendor-server.ts'

const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const never = new Promise<void>(() => {})

const cancel = (url: string, id: string) => fetch(`${url}/jobs/${id}/cancel`, { method: 'POST' })
const remove = (url: string, id: string) => fetch(`${url}/jobs/${id}`, { method: 'DELETE' })

describe('POST /jobs/:id/cancel', () => {
  it('ends a streaming job: closes the call to the vendor, sends a final event and keeps the text', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    const readers = [await StreamReader.open(url, id), await StreamReader.open(url, id)]
    const exchange = await vendor.nextRequest()
    exchange.sendToken('Half')
    for (const reader of readers) await reader.nextToken()

    const response = await cancel(url, id)
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ status: 'cancelled', result: 'Half', metrics: { tokenCount: 1 } })
    await exchange.closed
    for (const reader of readers) {
      const [final, ...more] = await reader.rest()
      expect(final).toMatchObject({ event: 'cancelled', id: 'end' })
      expect(JSON.parse(final?.data ?? '')).toMatchObject({ tokenCount: 1, attempts: 1 })
      expect(more).toEqual([])
    }
    expect(await readStream(url, id)).toMatchObject({ text: 'Half', final: { event: 'cancelled' } })
  })

  it('ends a job before its first token', async () => {
    const { vendor, url } = await startVendorServer()
    const { id } = await createJob(url, OPENAI)
    const exchange = await vendor.nextRequest()
    expect(await (await cancel(url, id)).json()).toMatchObject({
      status: 'cancelled',
      result: '',
      metrics: { ttftMs: null },
    })
    await exchange.closed
  })

  it('ends a waiting job, whose provider is never called', async () => {
    const gate = Promise.withResolvers<void>()
    const provider = new ScriptedProvider([gate.promise, 'done'])
    const { url } = await startServer({ env: { MAX_CONCURRENT_JOBS: '1' }, providers: [provider] })
    const running = await createJob(url, SCRIPTED)
    const waiting = await createJob(url, SCRIPTED)
    const reader = await StreamReader.open(url, waiting.id)
    expect(await (await cancel(url, waiting.id)).json()).toMatchObject({
      status: 'cancelled',
      result: '',
      metrics: { tokenCount: 0, attempts: 0, durationMs: 0 },
    })
    expect((await reader.rest()).at(-1)).toMatchObject({ event: 'cancelled' })
    gate.resolve()
    expect((await readStream(url, running.id)).text).toBe('done')
    expect(await getJob(url, waiting.id)).toMatchObject({ status: 'cancelled' })
    expect(provider.calls).toBe(1)
  })

  it('frees the queue for another job', async () => {
    const env = { MAX_CONCURRENT_JOBS: '1', MAX_QUEUED_JOBS: '1' }
    const { url } = await startServer({ env, providers: [new ScriptedProvider([never])] })
    await createJob(url, SCRIPTED)
    const waiting = await createJob(url, SCRIPTED)
    expect((await postJob(url, SCRIPTED)).status).toBe(429)
    await cancel(url, waiting.id)
    expect((await postJob(url, SCRIPTED)).status).toBe(202)
  })

  it('answers with the unchanged job when the job has ended already', async () => {
    const { url } = await startServer()
    const { id } = await createJob(url, ECHO)
    await readStream(url, id)
    const done = await getJob(url, id)
    for (const response of [await cancel(url, id), await cancel(url, id)]) {
      expect(response.status).toBe(200)
      expect(await jobOf(response)).toEqual(done)
    }
    expect((await cancel(url, 'unknown')).status).toBe(404)
  })

  it('gives every client the same final state when it races with the end of the job', async () => {
    const { url } = await startServer()
    const rounds = Array.from({ length: 40 }, async () => {
      const { id } = await createJob(url, ECHO)
      const stream = readStream(url, id)
      const cancels = await Promise.all([cancel(url, id), cancel(url, id)])
      const [first, second] = await Promise.all(cancels.map(jobOf))
      const { final, text } = await stream
      const job = await getJob(url, id)
      expect(first).toEqual(job)
      expect(second).toEqual(job)
      expect(final?.event).toBe(job.status === 'completed' ? 'metrics' : 'cancelled')
      expect(job).toMatchObject({ result: text })
      expect(ECHO.prompt.startsWith(text)).toBe(true)
    })
    await Promise.all(rounds)
  })

  it('does not wait for a provider that ignores its abort signal', async () => {
    const deaf = {
      name: 'scripted',
      models: ['script-1'],
      async *complete() {
        yield 'then silence'
        await never
        return undefined
      },
    }
    const { url } = await startServer({ providers: [deaf] })
    const { id } = await createJob(url, SCRIPTED)
    const reader = await StreamReader.open(url, id)
    await reader.nextToken()
    expect(await (await cancel(url, id)).json()).toMatchObject({ status: 'cancelled', result: 'then silence' })
  })
})

describe('DELETE /jobs/:id', () => {
  it('removes a finished job, and answers 409 for an unfinished one', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startServer({ providers: [new ScriptedProvider(['text', gate.promise])] })
    const { id } = await createJob(url, SCRIPTED)
    const refused = await remove(url, id)
    expect(refused.status).toBe(409)
    expect(await problemOf(refused)).toMatchObject({ code: 'job-not-finished' })
    gate.resolve()
    await readStream(url, id)
    expect((await remove(url, id)).status).toBe(204)
    for (const response of [
      await remove(url, id),
      await fetch(`${url}/jobs/${id}`),
      await fetch(`${url}/jobs/${id}/stream`),
    ]) {
      expect(response.status).toBe(404)
    }
  })
})
