import type { StreamEvent } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { STREAM_TYPES, StreamFormats, type StreamType } from './stream-format.ts'

const token = (id: number, text: string): StreamEvent => ({ event: 'token', id, data: { token: text } })
const metrics = { durationMs: 1, tokenCount: 2, ttftMs: 1, queuedMs: 0, attempts: 1 }
const final: StreamEvent = { event: 'metrics', id: 'end', data: metrics }

const encoded = (type: StreamType, ...batches: StreamEvent[][]) => {
  const format = new StreamFormats().of(type)
  return batches.map((events) => format.encode(events).text)
}

describe('text/event-stream', () => {
  it('writes a batch as one text', () => {
    expect(encoded('text/event-stream', [token(1, 'a'), token(2, 'b')])).toEqual([
      'id: 1\ndata: {"token":"a"}\n\nid: 2\ndata: {"token":"b"}\n\n',
    ])
  })
})

describe('application/x-ndjson', () => {
  it('writes each event as a line', () => {
    const lines = encoded('application/x-ndjson', [token(2, 'a\n'), final])
      .join('')
      .split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => JSON.parse(line))).toEqual([token(2, 'a\n'), final])
  })
})

describe('text/plain', () => {
  it('writes the text and nothing else', () => {
    expect(encoded('text/plain', [token(4, 'Once'), token(9, ' upon'), final])).toEqual(['Once upon'])
  })

  it('holds back half a surrogate pair until its other half comes', () => {
    const [high = '', low = ''] = '🙂'.split('')
    expect(
      encoded('text/plain', [token(2, `a${high}`)], [token(4, `${low}b`)], [token(5, high)], [token(6, high)], [final]),
    ).toEqual(['a', '🙂b', '', high, high])
  })
})

describe.each(STREAM_TYPES)('the responses of %s', (type) => {
  it('share one text and one chunk for the same events', () => {
    const formats = new StreamFormats()
    const events = [token(4, 'Once'), token(9, ' über')]
    const [first, second] = [formats.of(type).encode(events), formats.of(type).encode(events)]
    expect(second).toBe(first)
    expect(first.chunk).toBe(`${Buffer.byteLength(first.text).toString(16)}\r\n${first.text}\r\n`)
  })

  it('get different texts for different events', () => {
    const formats = new StreamFormats()
    const texts = [[token(1, 'a')], [token(2, 'b')], [token(1, 'a')]].map(
      (events) => formats.of(type).encode(events).text,
    )
    expect(texts[0]).toBe(texts[2])
    expect(texts[0]).not.toBe(texts[1])
  })
})
