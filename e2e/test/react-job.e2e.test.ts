import { CuttableProxy, ScriptedProvider, startServer } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import { FollowedJob, isEnded } from '@promptlab/react'
import { describe, expect, it, onTestFinished } from 'vitest'
import { servePage } from './serve-page.ts'
import { viewWhere } from './view-where.ts'

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }
const WORDS = Array.from({ length: 200 }, (_, index) => `word${index} `)
/** A client that gives up at once. */
const HASTY = { maxRetries: 0, maxReconnects: 0, retryDelayMs: 1 }

const hastyClient = (baseUrl: string) => new PromptLabClient({ baseUrl, ...HASTY })
const hasEnded = ({ phase }: { phase: Parameters<typeof isEnded>[0] }) => isEnded(phase)
const isPost = (bytes: Buffer) => bytes.toString('latin1').startsWith('POST /jobs')

function follow(client: PromptLabClient, request: typeof ECHO): FollowedJob {
  const followed = FollowedJob.start(client, (options) => client.create(request, options), request)
  onTestFinished(() => followed.leave())
  return followed
}

function open(client: PromptLabClient, id: string): FollowedJob {
  const followed = FollowedJob.of(client, id)
  followed.resume()
  onTestFinished(() => followed.leave())
  return followed
}

async function jobsOf(url: string) {
  return await Array.fromAsync(new PromptLabClient({ baseUrl: url }).list())
}

/** A server whose provider says the first words, then waits for the gate, then says the others. */
async function startGated() {
  const gate = Promise.withResolvers<void>()
  const { url } = await startServer({
    providers: [new ScriptedProvider([...WORDS.slice(0, 100), gate.promise, ...WORDS.slice(100)])],
  })
  return { url, proxy: await CuttableProxy.start(url), gate }
}

describe('a followed job', () => {
  it('shows the answer as it grows, and its end', async () => {
    const { url, gate } = await startGated()
    const followed = follow(hastyClient(url), SCRIPTED)
    expect(followed.view()).toMatchObject({ phase: 'creating', asked: SCRIPTED, id: undefined })
    const half = await viewWhere(followed, ({ tokens }) => tokens === 100)
    expect(half).toMatchObject({ phase: 'running', text: WORDS.slice(0, 100).join('') })
    gate.resolve()
    const view = await viewWhere(followed, hasEnded)
    expect(view).toMatchObject({ phase: 'completed', text: WORDS.join(''), tokens: 200, error: undefined })
    expect(view.parts).toMatchObject([{ type: 'text', text: WORDS.join('') }])
    expect(view.metrics?.tokenCount).toBe(200)
  })

  it('makes one job when the answer to the first request was lost', async () => {
    const { url } = await startServer()
    const proxy = await CuttableProxy.start(url)
    const followed = follow(hastyClient(proxy.url), ECHO)
    proxy.cutBehind(isPost)
    expect(await viewWhere(followed, ({ phase }) => phase === 'refused')).toMatchObject({
      id: undefined,
      error: { code: 'connection' },
    })
    proxy.restore()
    followed.resume()
    expect(await viewWhere(followed, hasEnded)).toMatchObject({
      phase: 'completed',
      text: ECHO.prompt,
      error: undefined,
    })
    expect(await jobsOf(url)).toHaveLength(1)
  })

  it('goes on behind what it has when its stream was lost for longer than the client tries', async () => {
    const { proxy, gate, url } = await startGated()
    const followed = follow(hastyClient(proxy.url), SCRIPTED)
    await viewWhere(followed, ({ tokens }) => tokens === 100)
    proxy.cut()
    expect(await viewWhere(followed, ({ phase }) => phase === 'lost')).toMatchObject({ error: { code: 'connection' } })
    proxy.restore()
    gate.resolve()
    followed.resume()
    expect(await viewWhere(followed, hasEnded)).toMatchObject({ text: WORDS.join(''), tokens: 200, error: undefined })
    expect(await jobsOf(url)).toHaveLength(1)
  })

  it('has each piece once, however often it is left and resumed', async () => {
    const gates = Array.from({ length: 20 }, () => Promise.withResolvers<void>())
    const steps = gates.flatMap(({ promise }, index) => [promise, ...WORDS.slice(10 * index, 10 * (index + 1))])
    const { url } = await startServer({ providers: [new ScriptedProvider(steps)] })
    const followed = follow(new PromptLabClient({ baseUrl: url }), SCRIPTED)
    let turns = 0
    followed.subscribe(() => {
      if (isEnded(followed.view().phase)) return
      followed.leave()
      followed.resume()
      gates[turns++]?.resolve()
    })
    const view = await viewWhere(followed, hasEnded)
    expect(view).toMatchObject({ phase: 'completed', text: WORDS.join(''), tokens: 200 })
    expect(turns).toBeGreaterThanOrEqual(gates.length)
  })

  it('has each piece once when it is left and resumed between pieces that came together', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider(WORDS)] })
    const job = await hastyClient(url).create(SCRIPTED, { waitSeconds: 60 })
    let hops = 0
    const interrupt = async () => {
      for (let hop = 0; hop < hops; hop++) await undefined
      followed.leave()
      followed.resume()
    }
    const client = new PromptLabClient({
      baseUrl: url,
      fetch: async (...request) => {
        const response = await fetch(...request)
        const told = new TransformStream<Uint8Array, Uint8Array>({
          transform: (bytes, controller) => {
            controller.enqueue(bytes)
            // Each time after another number of promises, up to where all pieces were handled.
            hops += 50
            if (hops < 4_000) void interrupt()
          },
        })
        return new Response(response.body?.pipeThrough(told) ?? null, response)
      },
    })
    // As it was when it was created, so that its answer is streamed.
    const followed = FollowedJob.of(client, { ...job, status: 'pending' })
    onTestFinished(() => followed.leave())
    followed.resume()
    const view = await viewWhere(followed, hasEnded)
    expect(view).toMatchObject({ phase: 'completed', text: WORDS.join(''), tokens: 200 })
  })

  it('is created when it is left before the server has answered, and shown when it is resumed', async () => {
    const { url } = await startServer()
    const followed = follow(hastyClient(url), ECHO)
    followed.leave()
    const id = await followed.created()
    expect(id).toBe((await jobsOf(url))[0]?.id)
    expect(followed.isGoingOn).toBe(true)
    followed.resume()
    expect(await viewWhere(followed, hasEnded)).toMatchObject({ id, text: ECHO.prompt })
  })

  it('is cancelled when it is stopped before it is created', async () => {
    const { url } = await startGated()
    const gate = Promise.withResolvers<void>()
    const client = new PromptLabClient({
      baseUrl: url,
      fetch: async (...request) => {
        await gate.promise
        return await fetch(...request)
      },
    })
    const followed = follow(client, SCRIPTED)
    const stopped = followed.stop()
    await viewWhere(followed, ({ phase }) => phase === 'cancelled')
    gate.resolve()
    await stopped
    const [job, ...more] = await jobsOf(url)
    expect(more).toEqual([])
    expect(job?.status).toBe('cancelled')
    expect(await viewWhere(followed, ({ id }) => id !== undefined)).toMatchObject({ phase: 'cancelled', id: job?.id })
  })

  it('keeps its text when it is stopped, also while its stream is lost', async () => {
    const { url, proxy } = await startGated()
    const watched = follow(hastyClient(url), SCRIPTED)
    const lost = follow(hastyClient(proxy.url), SCRIPTED)
    for (const followed of [watched, lost]) await viewWhere(followed, ({ tokens }) => tokens === 100)
    proxy.cut()
    await viewWhere(lost, ({ phase }) => phase === 'lost')
    await lost.stop()
    expect(await viewWhere(lost, ({ phase }) => phase === 'lost')).toMatchObject({ error: { code: 'connection' } })
    proxy.restore()
    for (const followed of [watched, lost]) {
      await followed.stop()
      const view = await viewWhere(followed, hasEnded)
      expect(view).toMatchObject({ phase: 'cancelled', text: WORDS.slice(0, 100).join(''), error: undefined })
    }
  })

  it('is missing when there is no such job, or it was deleted', async () => {
    const { url } = await startServer()
    const client = hastyClient(url)
    const job = await client.create(ECHO, { waitSeconds: 60 })
    expect(await viewWhere(open(client, job.id), hasEnded)).toMatchObject({ phase: 'completed', text: ECHO.prompt })
    await client.delete(job.id)
    const gone = open(client, job.id)
    expect(await viewWhere(gone, ({ phase }) => phase === 'missing')).toMatchObject({ error: { status: 404 } })
    const lost = FollowedJob.of(client, { ...job, status: 'pending' })
    lost.resume()
    await viewWhere(lost, ({ phase }) => phase === 'missing')
  })

  it('goes on once it has the right key', async () => {
    const { url } = await startServer({ env: { API_KEYS: 'ann:key-of-ann-0123456789,bob:key-of-bob-0123456789' } })
    let apiKey = 'wrong'
    const client = new PromptLabClient({ baseUrl: url, apiKey: () => apiKey })
    const followed = follow(client, ECHO)
    expect(await viewWhere(followed, ({ phase }) => phase === 'refused')).toMatchObject({ error: { status: 401 } })
    apiKey = 'key-of-ann-0123456789'
    followed.resume()
    const { id = '' } = await viewWhere(followed, hasEnded)
    apiKey = 'wrong'
    const other = open(client, id)
    expect(await viewWhere(other, ({ phase }) => phase === 'lost')).toMatchObject({ error: { status: 401 } })
    apiKey = 'key-of-ann-0123456789'
    other.resume()
    expect(await viewWhere(other, hasEnded)).toMatchObject({ text: ECHO.prompt })
    apiKey = 'key-of-bob-0123456789'
    const hidden = open(client, id)
    await viewWhere(hidden, ({ phase }) => phase === 'missing')
    apiKey = 'key-of-ann-0123456789'
    hidden.resume()
    expect(await viewWhere(hidden, hasEnded)).toMatchObject({ text: ECHO.prompt })
  })

  it('is lost, and not missing, where a proxy without a server answers', async () => {
    const { port } = new URL(await servePage(() => Promise.reject(new Error('no such file'))))
    const lost = open(hastyClient(`http://127.0.0.1:${port}`), '01a219ad-4319-741a-a635-bfb8dbe04762')
    expect(await viewWhere(lost, ({ phase }) => phase === 'lost')).toMatchObject({ error: { status: 404 } })
  })

  it('says why a job failed', async () => {
    const { url } = await startServer({ providers: [new ScriptedProvider(['Half', new Error('broken')])] })
    const view = await viewWhere(follow(hastyClient(url), SCRIPTED), hasEnded)
    expect(view).toMatchObject({ phase: 'failed', text: 'Half', error: { code: expect.any(String) } })
  })

  it('closes its connection when it is left', async () => {
    const { url } = await startGated()
    const open = new Set<AbortSignal>()
    const client = new PromptLabClient({
      baseUrl: url,
      fetch: async (input, init) => {
        const signal = init?.signal
        if (signal && String(input).includes('/stream')) open.add(signal)
        return await fetch(input, init)
      },
    })
    const followed = follow(client, SCRIPTED)
    await viewWhere(followed, ({ tokens }) => tokens === 100)
    followed.leave()
    expect([...open].map(({ aborted }) => aborted)).toEqual([true])
  })
})
