import { describe, expect, it } from 'vitest'
import type { StreamEvent } from '../../http/event-reader.ts'
import type { ChunkReading } from '../../vendor-call.ts'
import { ResponsesReader } from './responses-reader.ts'

const event = (type: string, fields: object = {}): StreamEvent => ({
  event: type,
  data: JSON.stringify({ type, sequence_number: 3, ...fields }),
})
const TEXT = { item_id: 'msg_1', output_index: 0, content_index: 0 }
const delta = (text: string, number = 3, fields: object = {}) =>
  event('response.output_text.delta', { sequence_number: number, ...TEXT, delta: text, logprobs: [], ...fields })
const end = (status: string, fields: object = {}) => event(`response.${status}`, { response: { status, ...fields } })

/** Reads the events of one answer, and gives the readings without what is undefined. */
function readAll(...events: StreamEvent[]): ChunkReading[] {
  const reader = new ResponsesReader()
  return events.map((each) => {
    const known = Object.entries(reader.read(each)).filter(([, value]) => value !== undefined)
    return Object.fromEntries(known)
  })
}
const last = (...events: StreamEvent[]) => readAll(...events).at(-1)

describe('ResponsesReader', () => {
  it('reads the pieces of a text, whatever they hold', () => {
    const texts = ['Once', ' upon', ' a "time"', '\n', ' 漢字', '', ' end']
    const readings = readAll(...texts.map((text, index) => delta(text, index * 37)))
    expect(readings.map(({ text = '' }) => text)).toEqual(texts)
  })

  it('reads a piece that differs in more than its text', () => {
    const readings = readAll(delta('a', 1), delta('b', 2), delta('c', 3, { content_index: 1 }), delta('d', 4))
    expect(readings.map(({ text }) => text)).toEqual(['a', 'b', 'c', 'd'])
    const [, done] = readAll(
      delta('x', 1, { delta: { not: 'text' } }),
      event('response.output_text.done', { ...TEXT, text: '' }),
    )
    expect(done).toEqual({})
  })

  it.each(['response.created', 'response.in_progress', 'response.queued', 'response.something.new', 'keepalive'])(
    'takes %s for a sign of life',
    (type) => {
      expect(readAll(event(type, { response: { status: 'in_progress', output: [] } }))).toEqual([{}])
    },
  )

  it.each<[string, string, { text?: string }]>([
    ['the same', 'Hi there', {}],
    ['more', 'Hi there!', { text: '!' }],
  ])('adds what the pieces lacked of a text that is told as a whole: %s', (_, whole, expected) => {
    const pieces = [delta('Hi', 1), delta(' the', 2), delta('re', 3)]
    expect(last(...pieces, event('response.output_text.done', { ...TEXT, text: whole }))).toEqual(expected)
    const output = [{ type: 'message', content: [{ type: 'output_text', text: whole }] }]
    expect(last(...pieces, end('completed', { output }))).toEqual({
      ...expected,
      text: expected.text ?? '',
      finishReason: 'stop',
    })
  })

  it('adds only once what the pieces lacked', () => {
    const output = [{ type: 'message', content: [{ type: 'output_text', text: 'Hi there!' }] }]
    const readings = readAll(
      delta('Hi', 1),
      delta(' there', 2),
      event('response.output_text.done', { ...TEXT, text: 'Hi there!' }),
      event('response.output_item.done', { output_index: 0, item: { type: 'message' } }),
      end('completed', { output }),
    )
    expect(readings.map(({ text = '' }) => text).join('')).toBe('Hi there!')
  })

  it('fails if a text that is told as a whole is not what its pieces were', () => {
    const done = event('response.output_text.done', { ...TEXT, text: 'Bye' })
    expect(() => readAll(delta('Hi', 1), delta('!', 2), done)).toThrow(/differs from its pieces/)
  })

  it('reads an answer that came without pieces', () => {
    const output = [
      { type: 'reasoning', summary: [] },
      { type: 'message', content: [{ type: 'output_text', text: 'Hi' }] },
    ]
    expect(readAll(end('completed', { output }))).toEqual([{ finishReason: 'stop', text: 'Hi' }])
    expect(
      readAll({ event: undefined, data: JSON.stringify({ object: 'response', status: 'completed', output }) }),
    ).toEqual([{ finishReason: 'stop', text: 'Hi' }])
  })

  it('reads reasoning and its summaries, and keeps what the next turn needs', () => {
    const place = { item_id: 'rs_1', output_index: 0 }
    const item = { id: 'rs_1', type: 'reasoning', summary: [], encrypted_content: 'gAAA' }
    expect(
      readAll(
        event('response.reasoning_summary_part.added', { ...place, summary_index: 0 }),
        event('response.reasoning_summary_text.delta', { ...place, summary_index: 0, delta: 'First' }),
        event('response.reasoning_summary_part.added', { ...place, summary_index: 1 }),
        event('response.reasoning_summary_text.delta', { ...place, summary_index: 1, delta: 'Then' }),
        event('response.reasoning_summary_text.done', { ...place, summary_index: 1, text: 'Then' }),
        event('response.reasoning_text.delta', { ...place, content_index: 0, delta: 'Hm' }),
        event('response.output_item.done', { ...place, item }),
        event('response.output_item.done', { ...place, item: { ...item, encrypted_content: null } }),
      ),
    ).toEqual([
      {},
      { reasoning: 'First' },
      { reasoning: '\n\n' },
      { reasoning: 'Then' },
      {},
      { reasoning: 'Hm' },
      { pieces: [{ type: 'reasoning', text: '', carry: { id: 'rs_1', encryptedContent: 'gAAA' } }] },
      { pieces: [] },
    ])
  })

  it('keeps that a text was a remark on the way to the answer', () => {
    const item = { type: 'message', phase: 'commentary', content: [] }
    expect(readAll(event('response.output_item.done', { output_index: 0, item }))).toEqual([
      { pieces: [{ type: 'text', text: '', carry: { phase: 'commentary' } }] },
    ])
    const answer = { ...item, phase: 'final_answer' }
    expect(readAll(event('response.output_item.done', { output_index: 0, item: answer }))).toEqual([{}])
  })

  it('reads a call whose arguments come only as a whole', () => {
    const item = { type: 'function_call', id: 'fc_1', call_id: 'c1', name: 'add', arguments: '{"a":1}' }
    const call = { type: 'tool-call-delta', index: 2 }
    expect(readAll(event('response.output_item.done', { output_index: 2, item }))).toEqual([
      {
        pieces: [
          { ...call, arguments: '{"a":1}' },
          { ...call, id: 'c1', name: 'add', isComplete: true },
        ],
      },
    ])
  })

  it.each([
    ['max_output_tokens', { finishReason: 'length' }],
    ['content_filter', { finishReason: 'content-filter' }],
    ['new_reason', { failure: { code: 'provider-malformed', vendorText: 'new_reason' } }],
  ])('reads the end of an answer that is incomplete for the reason %s', (reason, expected) => {
    expect(last(end('incomplete', { incomplete_details: { reason } }))).toMatchObject(expected)
  })

  it.each<[string, StreamEvent, string]>([
    [
      'a failure of the server',
      end('failed', { error: { code: 'server_error', message: 'Oops' } }),
      'provider-unavailable',
    ],
    ['a limit', end('failed', { error: { code: 'rate_limit_exceeded', message: 'Slow' } }), 'provider-rate-limited'],
    ['a prompt', end('failed', { error: { code: 'invalid_prompt', message: 'No' } }), 'provider-rejected'],
    ['an image', end('failed', { error: { code: 'invalid_image', message: 'No' } }), 'provider-rejected'],
    ['a status without a reason', end('cancelled'), 'provider-unavailable'],
    ['an error event', event('error', { code: 'server_error', message: 'Oops' }), 'provider-unavailable'],
    [
      'an error inside an error event',
      event('error', { error: { code: 'insufficient_quota', message: 'No' } }),
      'provider-quota-exceeded',
    ],
    ['an error that is no event', { event: undefined, data: '{"error":{"message":"Oops"}}' }, 'provider-unavailable'],
    ['an event that cannot be parsed', { event: 'response.created', data: '{' }, 'provider-malformed'],
    ['a page', { event: '\n', data: '<h1>Welcome</h1>' }, 'provider-malformed'],
  ])('reads %s as a failure', (_, failure, code) => {
    expect(last(failure)?.failure).toMatchObject({ code })
  })

  it('does not take [DONE] for the end', () => {
    expect(readAll(delta('Hi'), { event: undefined, data: '[DONE]' }).at(-1)).toEqual({})
  })

  it('reads the usage with its details', () => {
    const usage = {
      input_tokens: 9,
      input_tokens_details: { cached_tokens: 7 },
      output_tokens: 8,
      output_tokens_details: { reasoning_tokens: 6 },
      total_tokens: 17,
    }
    expect(last(end('completed', { usage }))?.usage).toEqual({
      inputTokens: 9,
      outputTokens: 8,
      cachedInputTokens: 7,
      reasoningTokens: 6,
    })
  })
})
