import type { StreamEvent } from '@promptlab/contract'
import { describe, expect, it } from 'vitest'
import { streamFormat } from './stream-format.ts'

const token = (id: number, text: string): StreamEvent => ({ event: 'token', id, data: { token: text } })
const metrics = { durationMs: 1, tokenCount: 2, ttftMs: 1, queuedMs: 0, attempts: 1 }
const final: StreamEvent = { event: 'metrics', id: 'end', data: metrics }

describe('text/event-stream', () => {
  it('writes a batch as one piece', () => {
    expect(streamFormat('text/event-stream').encode([token(1, 'a'), token(2, 'b')])).toBe(
      'id: 1\ndata: {"token":"a"}\n\nid: 2\ndata: {"token":"b"}\n\n',
    )
  })

  it('encodes an event once, however many read it', () => {
    let encodings = 0
    const counted: StreamEvent = {
      event: 'token',
      id: 1,
      data: {
        token: 'a',
        toJSON: () => {
          encodings++
          return { token: 'a' }
        },
      } as { token: string },
    }
    for (let reader = 0; reader < 10; reader++) streamFormat('text/event-stream').encode([counted])
    expect(encodings).toBe(1)
  })
})

describe('application/x-ndjson', () => {
  it('writes each event as a line', () => {
    const text = streamFormat('application/x-ndjson').encode([token(2, 'a\n'), final])
    const lines = text.split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => JSON.parse(line))).toEqual([token(2, 'a\n'), final])
  })
})

describe('text/plain', () => {
  it('writes the text and nothing else', () => {
    expect(streamFormat('text/plain').encode([token(4, 'Once'), token(9, ' upon'), final])).toBe('Once upon')
  })

  it('holds back half a character until its other half comes', () => {
    const format = streamFormat('text/plain')
    const [high, low] = ['🙂'.slice(0, 1), '🙂'.slice(1)]
    expect(format.encode([token(2, `a${high}`)])).toBe('a')
    expect(format.encode([token(4, `${low}b`)])).toBe('🙂b')
    expect(format.encode([token(5, high)])).toBe('')
    expect(format.encode([final])).toBe(high)
  })
})
