import { EventSource } from 'eventsource'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { createJob, readStream, StreamReader } from '../support/job-client.ts'
import { ScriptedProvider } from '../support/scripted-provider.ts'
import { newStorePath, startServer } from '../support/test-server.ts'

const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const SCRIPTED = { prompt: 'Go', provider: 'scripted', model: 'script-1' }

describe('the stream of a job', () => {
  it('gives early and late readers the same text from one call of the provider', async () => {
    const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const provider = new ScriptedProvider(['Once', first.promise, ' upon', second.promise, ' a time'])
    const { url } = await startServer({ providers: [provider] })
    const { id } = await createJob(url, SCRIPTED)
    const readers = await Promise.all([StreamReader.open(url, id), StreamReader.open(url, id)])
    for (const reader of readers) expect(await reader.nextToken()).toBe('Once')
    first.resolve()
    for (const reader of readers) expect(await reader.nextToken()).toBe(' upon')

    const late = await StreamReader.open(url, id)
    expect([await late.nextToken(), await late.nextToken()]).toEqual(['Once', ' upon'])
    second.resolve()
    for (const reader of [...readers, late]) {
      expect(await reader.nextToken()).toBe(' a time')
      expect(await reader.next()).toMatchObject({ event: 'metrics' })
      expect(await reader.next()).toBeUndefined()
    }
    expect((await readStream(url, id)).text).toBe('Once upon a time')
    expect(provider.calls).toBe(1)
  })

  it('resumes at the cursor of a reader who left, and the job goes on without readers', async () => {
    const gate = Promise.withResolvers<void>()
    const ended = Promise.withResolvers<void>()
    const provider = new ScriptedProvider(['Once', ' upon', gate.promise, ' a', ' time', ended.promise])
    const { url } = await startServer({ providers: [provider] })
    const { id } = await createJob(url, SCRIPTED)
    const reader = await StreamReader.open(url, id)
    await reader.nextToken()
    await reader.nextToken()
    reader.leave()
    gate.resolve()

    const again = await StreamReader.open(url, id, { lastEventId: '9' })
    expect([await again.nextToken(), await again.nextToken()]).toEqual([' a', ' time'])
    again.leave()
    ended.resolve()
    const { text, final } = await readStream(url, id, { after: 9 })
    expect(text).toBe(' a time')
    expect(final?.event).toBe('metrics')
    expect(provider.calls).toBe(1)
  })

  it('gives the exact rest of the text behind every cursor, of a running and of a finished job', async () => {
    const text = 'Grüße 🙂\n{"token":"x"}\r\n\r\nend'
    const gate = Promise.withResolvers<void>()
    const { url } = await startServer({ providers: [new ScriptedProvider([...text, gate.promise])] })
    const { id } = await createJob(url, SCRIPTED)
    const cursors = Array.from({ length: text.length + 1 }, (_, index) => index)
    const live = cursors.map(async (after) => (await readStream(url, id, { after })).text)
    gate.resolve()
    const rests = cursors.map((after) => text.slice(after))
    expect(await Promise.all(live)).toEqual(rests)
    expect(await Promise.all(cursors.map(async (after) => (await readStream(url, id, { after })).text))).toEqual(rests)
  })

  it('takes Last-Event-ID before ?after when a request has both', async () => {
    const { url } = await startServer()
    const { id } = await createJob(url, ECHO)
    expect((await readStream(url, id, { after: 0, lastEventId: '11' })).text).toBe(' time')
  })

  it('may send their cursor as lastEventId in the query, which wins over the cursor they began with', async () => {
    const { url } = await startServer()
    const { id } = await createJob(url, ECHO)
    await readStream(url, id)
    const read = async (query: string) => await (await fetch(`${url}/jobs/${id}/stream?${query}`)).text()
    expect(await read('after=0&lastEventId=11')).toMatch(/^retry: 2000\n\nid: 16\n/)
    expect((await fetch(`${url}/jobs/${id}/stream?lastEventId=end`)).status).toBe(204)
    expect(await read('lastEventId=')).toContain('"Once"')
    expect((await fetch(`${url}/jobs/${id}/stream?lastEventId=x`)).status).toBe(400)
  })

  it('begin at the start with an empty Last-Event-ID', async () => {
    const { url } = await startServer()
    const { id } = await createJob(url, ECHO)
    const response = await fetch(`${url}/jobs/${id}/stream`, { headers: { 'last-event-id': '' } })
    expect(await response.text()).toContain('"Once"')
  })

  it('sends only the final event behind a cursor beyond the text', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startServer({ providers: [new ScriptedProvider(['short', gate.promise])] })
    const { id } = await createJob(url, SCRIPTED)
    const reader = await StreamReader.open(url, id, { after: 1_000_000 })
    expect(await reader.next()).toMatchObject({ retry: '2000' })
    gate.resolve()
    expect(await reader.rest()).toMatchObject([{ event: 'metrics', id: 'end' }])
  })

  it('sends keep-alives while the job is idle', async () => {
    const gate = Promise.withResolvers<void>()
    const { url } = await startServer({
      providers: [new ScriptedProvider([gate.promise, 'late'])],
      config: { stream: { keepAliveMs: 5, stallMs: 30_000 } },
    })
    const { id } = await createJob(url, SCRIPTED)
    const reader = await StreamReader.open(url, id)
    expect(await reader.next()).toEqual({ retry: '2000' })
    expect(await reader.next()).toEqual({ comment: 'ping' })
    expect(await reader.next()).toEqual({ comment: 'ping' })
    gate.resolve()
    expect(await reader.nextToken()).toBe('late')
  })

  it('is read by an EventSource to the end, which then stays away', async () => {
    const gate = Promise.withResolvers<void>()
    const provider = new ScriptedProvider(['Once', gate.promise, ' upon', ' a time'])
    const { url } = await startServer({ providers: [provider] })
    const { id } = await createJob(url, SCRIPTED)
    const statuses: number[] = []
    const stopped = Promise.withResolvers<void>()
    const source = new EventSource(`${url}/jobs/${id}/stream`, {
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        statuses.push(response.status)
        return response
      },
    })
    onTestFinished(() => source.close())
    let text = ''
    let metrics = ''
    source.onmessage = ({ data }) => {
      text += JSON.parse(data).token
      gate.resolve()
    }
    source.addEventListener('metrics', ({ data }) => {
      metrics = data
    })
    source.onerror = () => {
      if (source.readyState === EventSource.CLOSED) stopped.resolve()
    }
    await stopped.promise
    expect(text).toBe('Once upon a time')
    expect(JSON.parse(metrics)).toMatchObject({ tokenCount: 3 })
    // It reconnects by itself with the last id, gets 204, and stays away.
    expect(statuses).toEqual([200, 204])
  })

  it('is resumed by an EventSource after a restart of the server, without a gap or a repeat', async () => {
    const DATABASE_URL = await newStorePath()
    const never = new Promise<void>(() => {})
    const first = await startServer({
      env: { DATABASE_URL },
      providers: [new ScriptedProvider(['Once', ' upon', never])],
    })
    const { id } = await createJob(first.url, SCRIPTED)
    let url = first.url
    let text = ''
    const halfway = Promise.withResolvers<void>()
    const told = Promise.withResolvers<string>()
    const source = new EventSource('http://job.test/', {
      fetch: (_, init) => fetch(`${url}/jobs/${id}/stream`, init),
    })
    onTestFinished(() => source.close())
    source.onmessage = ({ data }) => {
      text += JSON.parse(data).token
      if (text === 'Once upon') halfway.resolve()
    }
    source.addEventListener('error', (event) => {
      if ('data' in event && typeof event.data === 'string') told.resolve(event.data)
    })
    await halfway.promise
    await first.app.close()
    url = (await startServer({ env: { DATABASE_URL } })).url
    expect(JSON.parse(await told.promise)).toMatchObject({ code: 'interrupted', metrics: { tokenCount: 2 } })
    expect(text).toBe('Once upon')
  })

  it('serves a thousand readers at once and keeps nothing of them', async () => {
    const gate = Promise.withResolvers<void>()
    const tokens = Array.from({ length: 50 }, (_, index) => ` w${index}`)
    const { app, jobs, url, tokenLog } = await startServer({
      providers: [new ScriptedProvider([gate.promise, ...tokens])],
    })
    const { id } = await createJob(url, SCRIPTED)
    const readers = await Promise.all(Array.from({ length: 1_000 }, () => StreamReader.open(url, id)))
    // Half of the readers leave early.
    for (const reader of readers.slice(500)) {
      await reader.next()
      reader.leave()
    }
    expect(app.openStreams.count).toBeGreaterThanOrEqual(500)
    await vi.waitUntil(() => app.openStreams.count === 500, 10_000)
    const find = vi.spyOn(jobs, 'find')
    gate.resolve()
    for (const reader of readers.slice(0, 500)) {
      const frames = await reader.rest()
      const text = frames.flatMap(({ event, data }) => (event === undefined && data ? JSON.parse(data).token : []))
      expect(text.join('')).toBe(tokens.join(''))
      expect(frames.at(-1)?.event).toBe('metrics')
    }
    await vi.waitUntil(() => app.openStreams.count === 0, 10_000)
    expect(tokenLog.readerCount).toBe(0)
    // Readers who stayed to the end cost no lookup in the store.
    expect(find).toHaveBeenCalledTimes(0)
  })
})
