import { describe, expect, it, vi } from 'vitest'
import { PromptLabClient } from './promptlab-client.ts'

const METRICS = { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1 }
const END = `${JSON.stringify({ event: 'metrics', id: 'end', data: METRICS })}\n`
const token = (id: number, text: string) => `${JSON.stringify({ event: 'token', id, data: { token: text } })}\n`

/** A line of the view `full`. */
const full = (event: string, place: number, data: object) => `${JSON.stringify({ event, id: `f${place}`, data })}\n`

/** An answer with a piece of every kind, as the server streams it. */
const ANSWER = [
  full('reasoning', 2, { token: 'Hm' }),
  full('reasoning', 4, { token: '\ud83d\ude42' }),
  full('token', 7, { token: 'It ' }),
  full('tool-call', 8, { callId: 'c', name: 'add' }),
  full('tool-arguments', 11, { callId: 'c', token: '{"a' }),
  full('tool-arguments', 15, { callId: 'c', token: '":1}' }),
  full('tool-call-end', 16, { callId: 'c', name: 'add', arguments: '{"a":1}' }),
  full('refusal', 18, { token: 'No' }),
  END,
]
const PIECES = [
  { type: 'reasoning', text: 'Hm' },
  { type: 'reasoning', text: '🙂' },
  { type: 'text', text: 'It ' },
  { type: 'tool-call', callId: 'c', name: 'add' },
  { type: 'tool-arguments', callId: 'c', text: '{"a' },
  { type: 'tool-arguments', callId: 'c', text: '":1}' },
  { type: 'tool-call-end', callId: 'c', name: 'add', arguments: '{"a":1}' },
  { type: 'refusal', text: 'No' },
]

/** A client whose server gives these responses, one a connection; `cursors` has the cursor of each connection. */
function clientOf(...answers: readonly (string | Response)[]) {
  const cursors: (string | null)[] = []
  const rest = [...answers]
  const client = new PromptLabClient({
    baseUrl: 'http://server',
    retryDelayMs: 1,
    fetch: async (url) => {
      cursors.push(new URL(String(url)).searchParams.get('after'))
      const answer = rest.shift()
      if (answer === undefined) throw new TypeError('fetch failed')
      return answer instanceof Response ? answer : new Response(answer)
    },
  })
  return { client, cursors }
}

describe('JobStream.parts', () => {
  it('gives every piece once, at whatever byte the connection breaks', async () => {
    const bytes = new TextEncoder().encode(ANSWER.join(''))
    for (let length = 0; length <= bytes.length; length++) {
      const whole = new TextDecoder().decode(bytes.subarray(0, length)).split('\n').length - 1
      const { client } = clientOf(new Response(bytes.subarray(0, length)), ANSWER.slice(whole).join(''))
      expect(await Array.fromAsync(client.stream('1').parts())).toEqual(PIECES)
    }
  })

  it('resumes with the cursors of its view, and begins behind the one that it is given', async () => {
    const { client, cursors } = clientOf(ANSWER[0] ?? '', ANSWER.slice(1, 4).join(''), ANSWER.slice(4).join(''))
    const stream = client.stream('1', { after: 'f1' })
    const [first, ...rest] = await Array.fromAsync(stream.parts())
    expect(first).toEqual({ type: 'reasoning', text: 'm' })
    expect(rest).toEqual(PIECES.slice(1))
    expect(cursors).toEqual(['f1', 'f2', 'f8'])
    expect(stream).toMatchObject({ cursor: 'f18', text: 'It ' })
  })

  it('cuts off repeated pieces, also when the server splits them differently the second time', async () => {
    const { client } = clientOf(
      ANSWER.slice(0, 5).join(''),
      full('reasoning', 4, { token: 'Hm🙂' }) +
        ANSWER[3] +
        full('tool-arguments', 15, { callId: 'c', token: '{"a":1}' }),
      ANSWER.slice(6).join(''),
    )
    expect(await Array.fromAsync(client.stream('1').parts())).toEqual(PIECES)
  })

  it('requests what is missing again after a gap', async () => {
    const { client, cursors } = clientOf(`${ANSWER[0]}${ANSWER[3]}`, ANSWER.slice(1).join(''))
    expect(await Array.fromAsync(client.stream('1').parts())).toEqual(PIECES)
    expect(cursors).toEqual([null, 'f2'])
  })

  it('ignores events that it does not know, and resumes behind them', async () => {
    const { client, cursors } = clientOf(
      full('sources', 0, {}) + full('token', 2, { token: 'Hi' }) + full('image', 3, { url: 'x' }),
      full('token', 4, { token: '!' }) + END,
    )
    expect(await Array.fromAsync(client.stream('1').parts())).toEqual([
      { type: 'text', text: 'Hi' },
      { type: 'text', text: '!' },
    ])
    expect(cursors).toEqual([null, 'f3'])
  })

  it('goes on in a second loop where the first one stopped', async () => {
    const { client } = clientOf(ANSWER.join(''))
    const stream = client.stream('1')
    const first = await stream.parts().next()
    expect([first.value, ...(await Array.fromAsync(stream.parts()))]).toEqual(PIECES)
  })

  it('throws when the stream is already read as text, and the other way round', async () => {
    const { client } = clientOf(ANSWER.join(''))
    const [asText, asParts] = [client.stream('1'), client.stream('1')]
    asText[Symbol.asyncIterator]()
    asParts.parts()
    expect(() => asText.parts()).toThrow(/already read/)
    expect(() => asParts[Symbol.asyncIterator]()).toThrow(/already read/)
  })
})

describe('JobStream', () => {
  it('resumes behind the last whole line when the connection breaks within a line', async () => {
    const { client, cursors } = clientOf(token(2, 'ab') + token(4, 'cd').slice(0, -1), token(4, 'cd') + END)
    expect(await Array.fromAsync(client.stream('1'))).toEqual(['ab', 'cd'])
    expect(cursors).toEqual(['0', '2'])
  })

  it('cuts off repeated text, also when the server splits tokens differently the second time', async () => {
    const { client } = clientOf(token(2, 'ab'), token(2, 'ab') + token(4, 'bcd') + token(5, 'e') + END)
    expect(await Array.fromAsync(client.stream('1'))).toEqual(['ab', 'cd', 'e'])
  })

  it('requests missing text again after a gap', async () => {
    const { client, cursors } = clientOf(token(2, 'ab') + token(9, 'hi'), token(4, 'cd') + END)
    expect(await Array.fromAsync(client.stream('1'))).toEqual(['ab', 'cd'])
    expect(cursors).toEqual(['0', '2'])
  })

  it('reconnects after a line that is not an event', async () => {
    const { client } = clientOf(
      `${token(2, 'ab')}<html>\n`,
      '{"event":"token","id":"4","data":{}}\n',
      token(4, 'cd') + END,
    )
    expect(await Array.fromAsync(client.stream('1'))).toEqual(['ab', 'cd'])
  })

  it('ignores empty lines, which are keep-alives', async () => {
    const { client, cursors } = clientOf(`\n${token(2, 'ab')}\n\n${END}`)
    expect(await Array.fromAsync(client.stream('1'))).toEqual(['ab'])
    expect(cursors.length).toBe(1)
  })

  it('ignores events that it does not know, and keeps their ids', async () => {
    const later = (id?: number) => `${JSON.stringify({ event: 'later', id, data: null })}\n`
    const { client, cursors } = clientOf(later(2), later() + token(4, 'cd') + END)
    expect(await Array.fromAsync(client.stream('1'))).toEqual(['cd'])
    expect(cursors).toEqual(['0', '2'])
  })

  it('waits as long as `Retry-After` asks before it reconnects', async () => {
    vi.useFakeTimers()
    try {
      const busy = new Response('{}', { status: 503, headers: { 'retry-after': '7' } })
      const { client, cursors } = clientOf(busy, token(2, 'ab') + END)
      const reading = Array.fromAsync(client.stream('1'))
      await vi.advanceTimersByTimeAsync(6_999)
      expect(cursors.length).toBe(1)
      await vi.advanceTimersByTimeAsync(10)
      expect(await reading).toEqual(['ab'])
    } finally {
      vi.useRealTimers()
    }
  })

  it('keeps its connection when its reader needs an hour for a token', async () => {
    vi.useFakeTimers()
    try {
      const signals: (AbortSignal | null | undefined)[] = []
      const client = new PromptLabClient({
        baseUrl: 'http://server',
        fetch: async (_, init) => {
          signals.push(init?.signal)
          return new Response(token(2, 'ab') + END)
        },
      })
      const stream = client.stream('1')
      await stream[Symbol.asyncIterator]().next()
      await vi.advanceTimersByTimeAsync(3_600_000)
      expect(signals.map((signal) => signal?.aborted)).toEqual([false])
      expect(await stream.result()).toMatchObject({ text: 'ab' })
    } finally {
      vi.useRealTimers()
    }
  })

  it('throws at once when `Retry-After` asks for hours', async () => {
    const { client } = clientOf(new Response('{}', { status: 429, headers: { 'retry-after': '7200' } }))
    await expect(client.stream('1').result()).rejects.toMatchObject({ status: 429, retryAfterMs: 7_200_000 })
  })

  it('ends the pause before a reconnect when its signal aborts', async () => {
    const leaving = new AbortController()
    const { client } = clientOf(new Response('{}', { status: 503, headers: { 'retry-after': '60' } }))
    const reading = client.stream('1', { signal: leaving.signal, onReconnect: () => leaving.abort('Enough') }).result()
    await expect(reading).rejects.toBe('Enough')
  })
})
