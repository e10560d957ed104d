import { PassThrough } from 'node:stream'
import { describe, expect, it, vi } from 'vitest'
import { EventReader, STRAY_TEXT, type StreamEvent } from './event-reader.ts'

async function read(...pieces: (string | Uint8Array)[]): Promise<string[]> {
  const content = new PassThrough()
  const reader = new EventReader(content, '[DONE]')
  const all = dataOf(reader)
  for (const piece of pieces) content.write(piece)
  content.end()
  return all
}

/** Comments have no data. */
async function dataOf(reader: EventReader): Promise<string[]> {
  return (await eventsOf(reader)).flatMap(({ data }) => data || [])
}

describe('EventReader', () => {
  it.each([
    ['LF', 'data: a\n\ndata: b\n\n'],
    ['CR', 'data: a\r\rdata: b\r\r'],
    ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n'],
    ['a byte order mark', '\uFEFFdata: a\n\ndata: b\n\n'],
    ['comments and other fields', ': hi\nid: 1\nretry: 5\nretry: x\ndata:a\n\n: ping\n\ndata: b\n\n'],
    ['a last event without its blank line', 'data: a\n\ndata: b\n'],
    ['a last line without its end', 'data: a\n\ndata: b'],
  ])('reads events with %s, cut at any byte', async (_, text) => {
    expect(await read(text)).toEqual(['a', 'b'])
    for (let cut = 1; cut < text.length; cut += 1) {
      expect(await read(text.slice(0, cut), text.slice(cut))).toEqual(['a', 'b'])
    }
  })

  it('joins the lines of an event, and characters that the network has cut', async () => {
    const bytes = Buffer.from('data: 👩‍🚀\ndata: \u2028漢\n\n')
    expect(await read(...Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(['👩‍🚀\n\u2028漢'])
  })

  it('yields nothing after the end marker, but reads the body to its end', async () => {
    const content = new PassThrough()
    const reader = new EventReader(content, '[DONE]')
    content.write('data: a\n\ndata: [DONE]\n\ndata: b\n\n')
    expect(await dataOf(reader)).toEqual(['a', '[DONE]'])
    await reader.return()
    expect(content.destroyed).toBe(false)
    content.end('whatever')
    await vi.waitUntil(() => content.readableEnded)
  })

  it('closes a connection that stays open after the end marker', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    try {
      const content = new PassThrough()
      const reader = new EventReader(content, '[DONE]')
      content.write('data: [DONE]\n\n')
      await dataOf(reader)
      expect(content.destroyed).toBe(false)
      vi.advanceTimersByTime(1000)
      expect(content.destroyed).toBe(true)
    } finally {
      vi.useRealTimers()
    }
  })

  it('yields all events of one network chunk without a macrotask between them', async () => {
    const content = new PassThrough()
    const reader = new EventReader(content, '[DONE]')
    const first = reader.next()
    content.write('data: a\n\n'.repeat(50))
    await first
    let turns = 0
    const timer = setImmediate(() => {
      turns += 1
    })
    for (let count = 1; count < 50; count += 1) await reader.next()
    expect(turns).toBe(0)
    clearImmediate(timer)
    await reader.return()
  })

  it('yields the events before a failure, then throws the failure', async () => {
    const content = new PassThrough()
    const reader = new EventReader(content, '[DONE]')
    content.write('data: a\n\ndata: b\n\n')
    await vi.waitUntil(() => content.readableLength === 0)
    content.destroy(new Error('broken'))
    await vi.waitUntil(() => content.closed)
    expect(await reader.next()).toMatchObject({ value: { data: 'a' } })
    expect(await reader.next()).toMatchObject({ value: { data: 'b' } })
    await expect(reader.next()).rejects.toThrow('broken')
  })

  it('reports a stream that closes without an end as a lost connection', async () => {
    const content = new PassThrough()
    const next = new EventReader(content, '[DONE]').next()
    content.destroy()
    await expect(next).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('reports a stream that closed before the reader was created', async () => {
    const content = new PassThrough().destroy()
    await vi.waitUntil(() => content.closed)
    await expect(new EventReader(content, '[DONE]').next()).rejects.toMatchObject({ code: 'ECONNRESET' })
  })

  it('closes the connection when its consumer leaves', async () => {
    const content = new PassThrough()
    content.write('data: a\n\n')
    for await (const _ of new EventReader(content, '[DONE]')) break
    expect(content.destroyed).toBe(true)
  })

  it("pauses the vendor's stream for a slow consumer", async () => {
    const content = new PassThrough()
    const reader = new EventReader(content, '[DONE]')
    const event = `data: ${'x'.repeat(100_000)}\n\n`
    let sent = 0
    while (sent < 50 && !content.isPaused()) {
      content.write(event)
      sent += 1
      await new Promise(setImmediate)
    }
    expect(sent).toBeLessThan(10)
    content.end()
    expect(await dataOf(reader)).toHaveLength(sent)
  })

  it('refuses an event that exceeds the limit', async () => {
    const content = new PassThrough()
    const refused = expect(new EventReader(content, '[DONE]').next()).rejects.toThrow('max buffer size')
    content.write('data: ')
    for (let count = 0; count < 17 && !content.destroyed; count += 1) {
      content.write('x'.repeat(1024 * 1024))
      await new Promise(setImmediate)
    }
    await refused
    expect(content.destroyed).toBe(true)
  })

  it.each([
    ['the field error:', 'error: {"a":1}\n\n', { event: 'error', data: '{"a":1}' }],
    ['JSON without data:', '{"a":1}\n', { event: undefined, data: '{"a":1}' }],
    ['JSON without a line break', '{"a":1}', { event: undefined, data: '{"a":1}' }],
    ['JSON on several lines', '{\n  "a": [\n    1\n  ]\n}\n', { event: undefined, data: '{\n  "a": [\n    1\n  ]\n}' }],
    ['a page', '<html>\n<p>Hi: a</p>\n', { event: STRAY_TEXT, data: '<html>\n<p>Hi: a</p>' }],
    ['an end marker without data:', '[DONE]\n', { event: undefined, data: '[DONE]' }],
    ['an end marker with blanks', 'data: [DONE] \n\n', { event: undefined, data: '[DONE]' }],
  ])('reads %s, cut at any byte', async (_, text, expected) => {
    for (let cut = 1; cut <= text.length; cut += 1) {
      const content = new PassThrough()
      const all = eventsOf(new EventReader(content, '[DONE]'))
      content.write(text.slice(0, cut))
      if (cut < text.length) content.write(text.slice(cut))
      content.end()
      expect(await all).toEqual([expect.objectContaining(expected)])
    }
  })

  it('yields a comment as an event without data, and merges comments that nobody waits for', async () => {
    const content = new PassThrough()
    const reader = new EventReader(content, '[DONE]')
    const first = reader.next()
    content.write(': a\n')
    expect(await first).toMatchObject({ value: { data: '' } })
    content.end(': b\n: c\n\ndata: d\n\n: e\n')
    expect((await eventsOf(reader)).map(({ data }) => data)).toEqual(['', 'd', ''])
  })

  it('yields an event that lacks its end when the connection breaks, if it is whole', async () => {
    for (const [text, expected] of [
      ['data: {"a":1}\n', ['{"a":1}']],
      ['data: {"a":1', []],
    ] as const) {
      const content = new PassThrough()
      const reader = new EventReader(content, '[DONE]')
      content.write(text)
      await vi.waitUntil(() => content.readableLength === 0)
      content.destroy(new Error('broken'))
      await vi.waitUntil(() => content.closed)
      for (const data of expected) expect(await reader.next()).toMatchObject({ value: { data } })
      await expect(reader.next()).rejects.toThrow('broken')
    }
  })
})

async function eventsOf(reader: EventReader) {
  const all: StreamEvent[] = []
  for await (const event of reader) all.push(event)
  return all
}
