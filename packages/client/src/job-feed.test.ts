import { describe, expect, it, vi } from 'vitest'
import type { FeedReady } from './job-feed.ts'
import { PromptLabClient } from './promptlab-client.ts'

const READY = 'event: ready\nid: c0\ndata: {}\n\n'
const change = (number: number, status = 'running') =>
  `event: job\nid: c${number}\ndata: ${JSON.stringify({ id: `job-${number}`, status, prompt: 'Grüße 🙂' })}\n\n`
const FEED = [READY, change(1), ': keep-alive\n\n', change(2), change(3)]
const IDS = ['job-1', 'job-2', 'job-3']

/** A client whose server gives these responses, one a connection; then it refuses the key. */
function clientOf(...answers: readonly (string | Uint8Array<ArrayBuffer> | Response)[]) {
  const cursors: (string | null)[] = []
  const rest = [...answers]
  const client = new PromptLabClient({
    baseUrl: 'http://server',
    retryDelayMs: 1,
    fetch: async (url) => {
      cursors.push(new URL(String(url)).searchParams.get('after'))
      const answer = rest.shift() ?? new Response('{}', { status: 401 })
      return answer instanceof Response ? answer : new Response(answer)
    },
  })
  return { client, cursors }
}

/** What the feed gives until the server refuses the key. */
async function readAll(client: PromptLabClient, options: Parameters<PromptLabClient['events']>[0] = {}) {
  const ids: string[] = []
  const reading = (async () => {
    for await (const { job } of client.events(options)) ids.push(job.id)
  })()
  await expect(reading).rejects.toMatchObject({ status: 401 })
  return ids
}

describe('PromptLabClient.events', () => {
  it('gives every change, at whatever byte the connection breaks', async () => {
    const bytes = new TextEncoder().encode(FEED.join(''))
    for (let length = 0; length <= bytes.length; length++) {
      const whole = new TextDecoder().decode(bytes.subarray(0, length)).split('\n\n').length - 1
      const { client } = clientOf(bytes.slice(0, length), READY + FEED.slice(whole).join(''))
      expect(await readAll(client)).toEqual(IDS)
    }
  })

  it('resumes behind the last change, also when none came since the feed was ready', async () => {
    const { client, cursors } = clientOf(READY, change(1) + change(2), change(3))
    expect(await readAll(client)).toEqual(IDS)
    expect(cursors).toEqual([null, 'c0', 'c2', 'c3'])
  })

  it('begins behind the cursor that it is given, whatever its letters', async () => {
    const { client, cursors } = clientOf(READY)
    await readAll(client, { after: 'a+/=&' })
    expect(cursors[0]).toBe('a+/=&')
  })

  it('gives the cursor behind each change', async () => {
    const { client } = clientOf(FEED.join(''))
    const given: string[] = []
    await (async () => {
      for await (const { cursor } of client.events()) given.push(cursor)
    })().catch(() => {})
    expect(given).toEqual(['c1', 'c2', 'c3'])
  })

  it('says at each connection that it is ready, and whether it resumes', async () => {
    const { client } = clientOf(READY + change(1), READY.replace('c0', 'c1'), new Response('{}', { status: 503 }))
    const told: FeedReady[] = []
    await readAll(client, {
      onReady: (ready) => {
        told.push(ready)
      },
    })
    expect(told).toEqual([
      { cursor: 'c0', isResumed: false },
      { cursor: 'c1', isResumed: true },
    ])
  })

  it('gives no change before onReady is done, and counts that time as no idle time', async () => {
    vi.useFakeTimers()
    const { client, cursors } = clientOf(FEED.join(''))
    const seen: string[] = []
    let listed = () => {}
    const listing = new Promise<void>((resolve) => {
      listed = resolve
    })
    const reading = (async () => {
      const onReady = () => listing.then(() => void seen.push('listed'))
      for await (const { job } of client.events({ onReady })) seen.push(job.id)
    })().catch(() => {})
    try {
      await vi.advanceTimersByTimeAsync(3_600_000)
    } finally {
      vi.useRealTimers()
    }
    expect({ seen, cursors }).toEqual({ seen: [], cursors: [null] })
    listed()
    await reading
    expect(seen).toEqual(['listed', ...IDS])
  })

  it('ends with the error of onReady, and does not reconnect', async () => {
    const { client, cursors } = clientOf(READY, READY)
    const onReady = () => Promise.reject(new TypeError('Cannot list'))
    await expect(client.events({ onReady }).next()).rejects.toThrow('Cannot list')
    expect(cursors.length).toBe(1)
  })

  it('ignores events that it does not know, and resumes behind them', async () => {
    const { client, cursors } = clientOf(`${READY}event: later\nid: c7\ndata: x\n\n: comment\nretry: 5\n\n`, change(1))
    expect(await readAll(client)).toEqual(['job-1'])
    expect(cursors).toEqual([null, 'c7', 'c1'])
  })

  it('requests a change again whose data is not a job', async () => {
    const { client, cursors } = clientOf(`${READY}event: job\nid: c1\ndata: <html>\n\n`, change(1))
    expect(await readAll(client)).toEqual(['job-1'])
    expect(cursors).toEqual([null, 'c0', 'c1'])
  })

  it('reads lines that a proxy ends with CRLF', async () => {
    const { client } = clientOf(FEED.join('').replaceAll('\n', '\r\n'))
    expect(await readAll(client)).toEqual(IDS)
  })

  it('throws at once when the server has no feed, and after maxReconnects when there is no server', async () => {
    const { client: older } = clientOf(new Response('{}', { status: 404 }))
    await expect(older.events().next()).rejects.toMatchObject({ status: 404 })
    let calls = 0
    const client = new PromptLabClient({
      baseUrl: 'http://server',
      retryDelayMs: 1,
      maxReconnects: 3,
      fetch: async () => {
        calls++
        throw new TypeError('fetch failed')
      },
    })
    await expect(client.events().next()).rejects.toThrow('The connection to the server failed.')
    expect(calls).toBe(4)
  })

  it('tells onReconnect that too many streams are open, and waits as long as the server asks', async () => {
    const told: unknown[] = []
    const { client } = clientOf(new Response('{}', { status: 429, headers: { 'retry-after': '0' } }), FEED.join(''))
    expect(await readAll(client, { onReconnect: ({ error }) => told.push(error) })).toEqual(IDS)
    expect(told[0]).toMatchObject({ status: 429 })
  })
})
