import { describe, expect, it, vi } from 'vitest'
import { TemplateReader } from './chunk-template.ts'
import { readOpenAIEvent } from './openai-chunk.ts'

const FIELDS = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' }

function dataOf(delta: object, rest: object = {}, spaces = 0): string {
  const chunk = { ...FIELDS, choices: [{ index: 0, delta, finish_reason: null }], usage: null, ...rest }
  // Compact, or as Python writes it: a space behind each colon and comma.
  return spaces === 0 ? JSON.stringify(chunk) : JSON.stringify(chunk, null, 1).replace(/\n */g, ' ')
}

const token = (content: string, rest?: object) => dataOf({ content }, rest)
const event = (data: string, name?: string) => ({ event: name, data })

/** A reader that has seen these chunks, and how often it has parsed one in full since. */
function readerAfter(...chunks: string[]) {
  const parse = vi.fn(readOpenAIEvent)
  const reader = new TemplateReader(parse)
  for (const data of chunks) reader.read(event(data))
  parse.mockClear()
  return { reader, parse }
}

describe('TemplateReader', () => {
  it('reads a chunk that differs from an earlier one by its text, without parsing it', () => {
    const { reader, parse } = readerAfter(token('Once'))
    for (const text of [' upon', 'ä🙂\u2028', ' ', '{}[],:', 'content', 'x'.repeat(100_000)]) {
      expect(reader.read(event(token(text)))).toMatchObject({ text })
    }
    expect(parse).toHaveBeenCalledTimes(0)
  })

  it.each([
    ['compact', 0],
    ['with spaces', 1],
  ])('learns from chunks that are written %s', (_, spaces) => {
    const { reader, parse } = readerAfter(dataOf({ content: 'Once' }, {}, spaces))
    expect(reader.read(event(dataOf({ content: ' upon' }, {}, spaces)))).toEqual({ text: ' upon' })
    expect(parse).toHaveBeenCalledTimes(0)
  })

  it('passes over padding of any length behind the text', () => {
    const { reader, parse } = readerAfter(token('Once', { obfuscation: 'a1B' }))
    for (const obfuscation of ['', 'x', 'abcDEF09+/=']) {
      expect(reader.read(event(token(' upon', { obfuscation })))).toEqual({ text: ' upon' })
    }
    expect(parse).toHaveBeenCalledTimes(0)
    expect(reader.read(event(token(' a')))).toMatchObject({ text: ' a' })
    expect(parse).toHaveBeenCalled()
  })

  it('parses text with escapes in full', () => {
    const { reader, parse } = readerAfter(token('Once'))
    for (const text of ['"', '\\', '\n', 'a"}}]', '\u0000']) {
      expect(reader.read(event(token(text)))).toMatchObject({ text })
    }
    expect(parse).toHaveBeenCalledTimes(5)
  })

  it('learns from a later chunk if the first has nothing to learn from', () => {
    const { reader, parse } = readerAfter(dataOf({ role: 'assistant', content: '' }), token('\n'), token('Once'))
    expect(reader.read(event(token(' upon')))).toEqual({ text: ' upon' })
    expect(parse).toHaveBeenCalledTimes(0)
  })

  it('reads everything that is not the known chunk as it would have read it before', () => {
    const others = [
      dataOf({}, { usage: { prompt_tokens: 1, completion_tokens: 2 } }),
      JSON.stringify({ ...FIELDS, choices: [{ index: 0, delta: { content: 'end' }, finish_reason: 'length' }] }),
      token('more', { extra: true }),
      token('more').replace('"index":0', '"index":1'),
      dataOf({ content: 'a', other: 'b' }),
      dataOf({ content: null }),
      '[DONE]',
      '',
      '{}',
      'null',
    ]
    for (const data of others) {
      const { reader } = readerAfter(token('Once'))
      expect(reader.read(event(data)), data).toEqual(readOpenAIEvent(event(data)))
    }
  })

  it.each([
    ['cut off', token('Once').slice(0, -1)],
    ['followed by something', `${token('Once')}}`],
    ['with a raw line break in its text', token('Once').replace('Once', 'On\nce')],
    ['with an open text', token('Once').replace('Once"', 'Once')],
  ])('refuses a chunk %s', (_, data) => {
    const { reader } = readerAfter(token('Once'))
    expect(() => reader.read(event(data))).toThrow(SyntaxError)
  })

  it('reads an event with a name in full, as it may be a failure', () => {
    const { reader } = readerAfter(token('Once'))
    expect(() => reader.read(event(token('text'), 'error'))).toThrow()
  })

  it('is not taken in by the same words elsewhere in a chunk', () => {
    const first = JSON.stringify({
      content: 'Once',
      choices: [{ delta: { content: 'Once', note: '"content":"Once"' } }],
    })
    const { reader } = readerAfter(first)
    const second = first.replace('{"content":"Once"', '{"content":" upon"')
    expect(reader.read(event(second))).toMatchObject({ text: 'Once' })
    const third = JSON.stringify({ choices: [{ delta: { content: 'a', x: { content: 'Once' } } }] })
    expect(readerAfter(third.replace('"a"', '"Once"')).reader.read(event(third))).toMatchObject({ text: 'a' })
  })

  it('learns nothing from the end of an answer that has text and a reason at once', () => {
    const last = JSON.stringify({ choices: [{ delta: { content: 'all' }, finish_reason: 'stop' }] })
    const { reader } = readerAfter(last)
    expect(reader.read(event(last))).toMatchObject({ text: 'all', finishReason: 'stop' })
  })

  it('stops looking for a template in an answer that has none', () => {
    const varied = (index: number) => token('word', { id: index })
    const { reader, parse } = readerAfter(...Array.from({ length: 20 }, (_, index) => varied(index)))
    reader.read(event(varied(20)))
    expect(parse).toHaveBeenCalledTimes(1)
  })
})
