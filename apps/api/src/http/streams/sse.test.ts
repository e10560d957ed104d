import { expect, it } from 'vitest'
import { encodeSseEvent } from './sse.ts'

it('writes a token without an event name', () => {
  expect(encodeSseEvent({ event: 'token', id: 9, data: { token: ' upon' } })).toBe('id: 9\ndata: {"token":" upon"}\n\n')
})

it('writes the final event with its name and the id "end"', () => {
  const data = { durationMs: 2500, tokenCount: 42, ttftMs: 310, queuedMs: 2, attempts: 1 }
  expect(encodeSseEvent({ event: 'metrics', id: 'end', data })).toBe(
    'event: metrics\nid: end\ndata: {"durationMs":2500,"tokenCount":42,"ttftMs":310,"queuedMs":2,"attempts":1}\n\n',
  )
})

it.each(['\n', '\r', '\r\n', '\n\ndata: {}', '\u2028', '\ud83d', '\0'])(
  'keeps the text %j within one line of data',
  (token) => {
    const frame = encodeSseEvent({ event: 'token', id: 1, data: { token } })
    const [id, data = '', ...rest] = frame.split(/\r\n|\r|\n/)
    expect(id).toBe('id: 1')
    expect(JSON.parse(data.slice('data: '.length))).toEqual({ token })
    expect(rest).toEqual(['', ''])
  },
)
