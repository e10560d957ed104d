import { describe, expect, it, vi } from 'vitest'
import { PromptLabClient } from './promptlab-client.ts'

const METRICS = { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1 }
const END = `${JSON.stringify({ event: 'metrics', id: 'end', data: METRICS })}\n`
const token = (id: number, text: string) => `${JSON.stringify({ event: 'token', id, data: { token: text } })}\n`

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
