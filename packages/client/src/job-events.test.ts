import { describe, expect, it, vi } from 'vitest'
import { PromptLabClient } from './promptlab-client.ts'

const METRICS = { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1 }
const END = `${JSON.stringify({ event: 'metrics', id: 'end', data: METRICS })}\n`
const token = (id: number, text: string) => `${JSON.stringify({ event: 'token', id, data: { token: text } })}\n`

/** A client of a server that gives these answers, one a connection; and where each connection began. */
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

describe('a stream', () => {
  it('goes on behind the last whole line when it is cut within one', async () => {
    const { client, cursors } = clientOf(token(2, 'ab') + token(4, 'cd').slice(0, -1), token(4, 'cd') + END)
    expect(await Array.fromAsync(client.stream('1'))).toEqual(['ab', 'cd'])
    expect(cursors).toEqual(['0', '2'])
  })

  it('leaves out what comes twice, also of a token that was split elsewhere', async () => {
    const { client } = clientOf(token(2, 'ab'), token(2, 'ab') + token(4, 'bcd') + token(5, 'e') + END)
    expect(await Array.fromAsync(client.stream('1'))).toEqual(['ab', 'cd', 'e'])
  })

  it('asks again for what is missing', async () => {
    const { client, cursors } = clientOf(token(2, 'ab') + token(9, 'hi'), token(4, 'cd') + END)
    expect(await Array.fromAsync(client.stream('1'))).toEqual(['ab', 'cd'])
    expect(cursors).toEqual(['0', '2'])
  })

  it('does not trust a line that is no event', async () => {
    const { client } = clientOf(
      `${token(2, 'ab')}<html>\n`,
      '{"event":"token","id":"4","data":{}}\n',
      token(4, 'cd') + END,
    )
    expect(await Array.fromAsync(client.stream('1'))).toEqual(['ab', 'cd'])
  })

  it('passes over empty lines, which are signs of life', async () => {
    const { client, cursors } = clientOf(`\n${token(2, 'ab')}\n\n${END}`)
    expect(await Array.fromAsync(client.stream('1'))).toEqual(['ab'])
    expect(cursors.length).toBe(1)
  })

  it('waits as long as the server asks', async () => {
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

  it('does not wait when the server asks for hours', async () => {
    const { client } = clientOf(new Response('{}', { status: 429, headers: { 'retry-after': '7200' } }))
    await expect(client.stream('1').result()).rejects.toMatchObject({ status: 429, retryAfterMs: 7_200_000 })
  })

  it('ends a pause when it is aborted', async () => {
    const leaving = new AbortController()
    const { client } = clientOf(new Response('{}', { status: 503, headers: { 'retry-after': '60' } }))
    const reading = client.stream('1', { signal: leaving.signal, onReconnect: () => leaving.abort('Enough') }).result()
    await expect(reading).rejects.toBe('Enough')
  })
})
