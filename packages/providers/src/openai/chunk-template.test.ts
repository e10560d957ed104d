import { describe, expect, it, vi } from 'vitest'
import { TemplateReader } from './chunk-template.ts'
import { readOpenAIEvent } from './openai-chunk.ts'

const FIELDS = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'm' }

function dataOf(delta: object, rest: object = {}, spaces = 0): string {
  const chunk = { ...FIELDS, choices: [{ index: 0, delta, finish_reason: null }], usage: null, ...rest }
  // Compact, or with a space behind each colon and comma, as Python writes it.
  return spaces === 0 ? JSON.stringify(chunk) : JSON.stringify(chunk, null, 1).replace(/\n */g, ' ')
}

const token = (content: string, rest?: object) => dataOf({ content }, rest)
const event = (data: string, name?: string) => ({ event: name, data })

/** A reader that has read these chunks, with a spy on the chunks that it parses in full after that. */
function readerAfter(...chunks: string[]) {
  const parse = vi.fn(readOpenAIEvent)
  const reader = new TemplateReader(parse)
  for (const data of chunks) reader.read(event(data))
  parse.mockClear()
  return { reader, parse }
}

describe('TemplateReader', () => {
  it('reads a chunk that differs from an earlier one only in its text without parsing it', () => {
    const { reader, parse } = readerAfter(token('Once'))
    for (const text of [' upon', 'ä🙂\u2028', ' ', '{}[],:', 'content', 'x'.repeat(100_000)]) {
      expect(reader.read(event(token(text)))).toMatchObject({ text })
    }
    expect(parse).toHaveBeenCalledTimes(0)
  })

  it.each([
    ['compact', 0],
    ['with spaces', 1],
  ])('learns a template from a chunk that is written %s', (_, spaces) => {
    const { reader, parse } = readerAfter(dataOf({ content: 'Once' }, {}, spaces))
    expect(reader.read(event(dataOf({ content: ' upon' }, {}, spaces)))).toEqual({ text: ' upon' })
    expect(parse).toHaveBeenCalledTimes(0)
  })

  it('ignores padding of any length behind the text', () => {
    const { reader, parse } = readerAfter(token('Once', { obfuscation: 'a1B' }))
    for (const obfuscation of ['', 'x', 'abcDEF09+/=']) {
      expect(reader.read(event(token(' upon', { obfuscation })))).toEqual({ text: ' upon' })
    }
    expect(parse).toHaveBeenCalledTimes(0)
    expect(reader.read(event(token(' a')))).toMatchObject({ text: ' a' })
    expect(parse).toHaveBeenCalled()
  })

  it('reads a text with escapes without parsing the rest', () => {
    const { reader, parse } = readerAfter(token('Once'))
    for (const text of ['"', '\\', '\\"', '\n', 'a"}}]', '\u0000', '\ud83d', '\\'.repeat(100_001)]) {
      expect(reader.read(event(token(text)))).toEqual({ text })
    }
    const ascii = token('CJK').replace('CJK', String.raw`\u6f22\ud83d\ude80`)
    expect(reader.read(event(ascii))).toEqual({ text: '漢🚀' })
    expect(parse).toHaveBeenCalledTimes(0)
  })

  it.each(['\\x', '\\u12', '\\'])('refuses a text with the broken escape %s', (broken) => {
    const { reader } = readerAfter(token('Once'))
    const data = token('Once').replace('Once', broken)
    expect(reader.read(event(data))).toMatchObject({ failure: { code: 'provider-malformed', vendorText: data } })
  })

  it('learns a template from a later chunk if the first has no text', () => {
    const { reader, parse } = readerAfter(dataOf({ role: 'assistant', content: '' }), token('\n'), token('Once'))
    expect(reader.read(event(token(' upon')))).toEqual({ text: ' upon' })
    expect(parse).toHaveBeenCalledTimes(0)
  })

  it('reads every other chunk as without a template', () => {
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
    expect(reader.read(event(data))).toMatchObject({ failure: { code: 'provider-malformed', vendorText: data } })
  })

  it('reads an event with a name in full, because it may be a failure', () => {
    const { reader } = readerAfter(token('Once'))
    expect(reader.read(event(token('text'), 'error'))).toMatchObject({ failure: { code: 'provider-unavailable' } })
  })

  it('is not misled by the same text elsewhere in a chunk', () => {
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

  it('learns no template from a chunk that has text and a finish reason', () => {
    const last = JSON.stringify({ choices: [{ delta: { content: 'all' }, finish_reason: 'stop' }] })
    const { reader } = readerAfter(last)
    expect(reader.read(event(last))).toMatchObject({ text: 'all', finishReason: 'stop' })
  })

  it('stops learning in an answer whose chunks have no template', () => {
    const varied = (index: number) => token('word', { id: index })
    const { reader, parse } = readerAfter(...Array.from({ length: 20 }, (_, index) => varied(index)))
    reader.read(event(varied(20)))
    expect(parse).toHaveBeenCalledTimes(1)
  })

  it.each(['reasoning_content', 'reasoning'])('reads reasoning in the field %s without parsing it', (name) => {
    const { reader, parse } = readerAfter(dataOf({ [name]: 'Let' }))
    expect(reader.read(event(dataOf({ [name]: ' me' })))).toEqual({ reasoning: ' me' })
    expect(parse).toHaveBeenCalledTimes(0)
    for (const text of ['It', ' is']) expect(reader.read(event(token(text)))).toMatchObject({ text })
    expect(parse.mock.calls.length).toBeLessThanOrEqual(2)
  })

  const call = (text: string, rest?: object, index = 0) =>
    dataOf({ tool_calls: [{ index, ...rest, function: { arguments: text } }] })

  it('reads arguments of a tool call without parsing the rest, also of one call behind another', () => {
    const opening = dataOf({ tool_calls: [{ index: 0, id: 'call_1', function: { name: 'write', arguments: '' } }] })
    const { reader, parse } = readerAfter(opening, call('{"'))
    for (const text of ['text', '":"', 'ä\n🙂', '']) {
      expect(reader.read(event(call(text)))).toEqual({
        pieces: [{ type: 'tool-call-delta', index: 0, id: undefined, name: undefined, arguments: text }],
      })
    }
    expect(parse).toHaveBeenCalledTimes(0)
    for (const text of ['{', '}']) {
      expect(reader.read(event(call(text, {}, 1)))).toMatchObject({ pieces: [{ index: 1, arguments: text }] })
    }
    expect(parse, 'the first one, and the proof of its template').toHaveBeenCalledTimes(2)
  })

  it('learns no template from a chunk with arguments of two calls, with a text beside them, or in another form', () => {
    for (const delta of [
      { tool_calls: [0, 1].map((index) => ({ index, function: { arguments: '{' } })) },
      { content: 'a', tool_calls: [{ index: 0, function: { arguments: '{' } }] },
      { tool_calls: [{ index: 0, function: { arguments: { a: 1 } } }] },
      { note: '{', tool_calls: [{ index: 0, function: { arguments: '{' } }], function_call: { arguments: '{' } },
    ]) {
      const data = dataOf(delta)
      const { reader } = readerAfter(data)
      for (const other of [data, data.replaceAll('"{"', '"}"'), call('x')]) {
        expect(reader.read(event(other))).toEqual(readOpenAIEvent(event(other)))
      }
    }
  })

  it('learns no template from a chunk that has both, or the same reasoning twice', () => {
    for (const fields of [
      { reasoning: 'a', content: 'b' },
      { reasoning: 'a', reasoning_content: 'a' },
    ]) {
      const { reader } = readerAfter(dataOf(fields))
      const other = dataOf(Object.fromEntries(Object.keys(fields).map((name) => [name, 'c'])))
      expect(reader.read(event(other))).toMatchObject(readOpenAIEvent(event(other)))
    }
  })
})
