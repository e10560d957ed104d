import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CompletionPiece } from '../llm-provider.ts'
import { type LoopbackVendor, startAnthropicVendor } from '../testing/index.ts'
import { begin, delta, end, event, readWire, STOP, start, stop, textBlock } from './wire-case.ts'

let vendor: LoopbackVendor
beforeAll(async () => {
  vendor = await startAnthropicVendor()
})
afterAll(() => vendor.close())

const usage = { inputTokens: 3, outputTokens: 5 }
const done = { finishReason: 'stop', usage }
const opened: CompletionPiece = { type: 'tool-call', callId: 'toolu_1', name: 'add' }
const stretch = (text: string): CompletionPiece => ({ type: 'tool-arguments', text })
const ended: CompletionPiece = { type: 'tool-call-end' }
const opening = begin(0, { type: 'tool_use', id: 'toolu_1', name: 'add', input: {} })
const json = (partial_json: string) => delta(0, { type: 'input_json_delta', partial_json })
const thinking = (text: string) => delta(0, { type: 'thinking_delta', thinking: text })
const signature = (text: string) => delta(0, { type: 'signature_delta', signature: text })
const beginThinking = begin(0, { type: 'thinking', thinking: '', signature: '' })
const carry = { type: 'thinking', signature: 'sig' }
const hi = textBlock(0, 'Hi')

describe('an answer of Anthropic', () => {
  it.each<[string, string, readonly CompletionPiece[], object]>([
    ['a text', start() + hi + end('end_turn'), ['Hi'], done],
    ['a text behind a ping', start() + event('ping') + hi + end('end_turn'), ['Hi'], done],
    ['an empty answer', start() + end('end_turn'), [], done],
    [
      'a text that comes with its block',
      start() + begin(0, { type: 'text', text: 'Hi' }) + end('end_turn'),
      ['Hi'],
      done,
    ],
    ['two texts', start() + hi + textBlock(1, '!') + end('end_turn'), ['Hi', '!'], done],
    ['a stop text', start() + hi + end('stop_sequence', { stop_sequence: 'END' }), ['Hi'], done],
    ['the token limit', start() + hi + end('max_tokens'), ['Hi'], { finishReason: 'length', usage }],
    ['a full context', start() + hi + end('model_context_window_exceeded'), ['Hi'], { finishReason: 'length', usage }],
    ['an end without a reason', start() + hi + end(null), ['Hi'], { usage }],
    ['an end without message_delta', start() + hi + STOP, ['Hi'], { usage: { inputTokens: 3, outputTokens: 1 } }],
    ['a reason without message_stop', start() + hi + end('end_turn').replace(STOP, ''), ['Hi'], done],
    ['a last event with blanks', start() + hi + end('end_turn').replace('p"}', 'p"   }'), ['Hi'], done],
    ['events without names', (start() + hi + end('end_turn')).replace(/^event:.*\n/gm, ''), ['Hi'], done],
    ['[DONE] behind the end', `${start() + hi + end('end_turn')}data: [DONE]\n\n`, ['Hi'], done],
    [
      'thinking with a signature',
      start() +
        beginThinking +
        thinking('Hm') +
        thinking('.') +
        signature('sig') +
        stop(0) +
        textBlock(1, 'Hi') +
        end('end_turn'),
      [
        { type: 'reasoning', text: 'Hm' },
        { type: 'reasoning', text: '.' },
        { type: 'reasoning', text: '', carry },
        'Hi',
      ],
      done,
    ],
    [
      'thinking that is not shown',
      start() + beginThinking + signature('si') + signature('g') + stop(0) + textBlock(1, 'Hi') + end('end_turn'),
      [{ type: 'reasoning', text: '', carry }, 'Hi'],
      done,
    ],
    [
      'thinking that comes with its block',
      start() + begin(0, { type: 'thinking', thinking: 'Hm', signature: 'sig' }) + stop(0) + end('end_turn'),
      [
        { type: 'reasoning', text: 'Hm' },
        { type: 'reasoning', text: '', carry },
      ],
      done,
    ],
    [
      'thinking without a signature',
      start() + beginThinking + thinking('Hm') + stop(0) + end('end_turn'),
      [{ type: 'reasoning', text: 'Hm' }],
      done,
    ],
    [
      'encrypted thinking',
      start() + begin(0, { type: 'redacted_thinking', data: 'xyz' }) + stop(0) + textBlock(1, 'Hi') + end('end_turn'),
      [{ type: 'reasoning', text: '', carry: { type: 'redacted_thinking', data: 'xyz' } }, 'Hi'],
      done,
    ],
    [
      'a call',
      start() + opening + json('') + json('{"a"') + json(':1}') + stop(0) + end('tool_use'),
      [opened, stretch('{"a"'), stretch(':1}'), ended],
      { finishReason: 'tool-calls', usage },
    ],
    [
      'a call without arguments',
      start() + opening + json('') + stop(0) + end('tool_use'),
      [opened, stretch('{}'), ended],
      { finishReason: 'tool-calls', usage },
    ],
    [
      'a call without arguments, and a text',
      start() + opening + stop(0) + textBlock(1, 'Hi') + end('tool_use'),
      [opened, stretch('{}'), ended, 'Hi'],
      { finishReason: 'tool-calls', usage },
    ],
    [
      'a call whose arguments come with its block',
      start() + begin(0, { type: 'tool_use', id: 'toolu_1', name: 'add', input: { a: 1 } }) + stop(0) + end('tool_use'),
      [opened, stretch('{"a":1}'), ended],
      { finishReason: 'tool-calls', usage },
    ],
    [
      'a call that the token limit has cut',
      start() + opening + json('{"a"') + stop(0) + end('max_tokens'),
      [opened, stretch('{"a"')],
      { finishReason: 'length', usage },
    ],
    [
      'a call that the token limit has cut before its arguments',
      start() + opening + stop(0) + end('max_tokens'),
      [opened],
      { finishReason: 'length', usage },
    ],
    [
      'a refusal with an explanation',
      start() +
        hi +
        end('refusal', { stop_details: { type: 'refusal', category: 'cyber', explanation: 'No malware.' } }),
      ['Hi', { type: 'refusal', text: 'No malware.' }],
      { finishReason: 'refusal', usage },
    ],
    [
      'a refusal without an explanation',
      start() + end('refusal', { stop_details: { type: 'refusal', category: null, explanation: null } }),
      [],
      { finishReason: 'refusal', usage },
    ],
    [
      'blocks and deltas of other kinds',
      start() +
        begin(0, { type: 'server_tool_use', id: 's', name: 'web_search', input: {} }) +
        delta(0, { type: 'citations_delta', citation: {} }) +
        stop(0) +
        event('new_event') +
        textBlock(1, 'Hi') +
        end('end_turn'),
      ['Hi'],
      done,
    ],
    [
      'caches in the usage',
      start({ input_tokens: 3, cache_creation_input_tokens: 10, cache_read_input_tokens: 20, output_tokens: 1 }) +
        hi +
        end('end_turn', {}, { input_tokens: 4, output_tokens: 9, output_tokens_details: { thinking_tokens: 6 } }),
      ['Hi'],
      {
        finishReason: 'stop',
        usage: { inputTokens: 34, outputTokens: 9, cachedInputTokens: 20, cacheWriteTokens: 10, reasoningTokens: 6 },
      },
    ],
    [
      'no usage',
      event('message_start', { message: {} }) + hi + end('end_turn', {}, {}),
      ['Hi'],
      { finishReason: 'stop' },
    ],
    [
      'null in the usage',
      start({ input_tokens: 3, cache_read_input_tokens: null, output_tokens: 1 }) +
        end('end_turn', {}, { input_tokens: null, output_tokens: 5, output_tokens_details: null }),
      [],
      done,
    ],
    [
      'events with missing fields',
      ['content_block_delta', 'content_block_start', 'content_block_stop', 'message_start', 'message_delta']
        .map((type) => event(type))
        .join('') +
        'data: {}\n\n: comment\n\ndata:\n\n' +
        start() +
        hi +
        end('end_turn'),
      ['Hi'],
      done,
    ],
    [
      'a failure behind the end',
      start() + hi + end('end_turn') + event('error', { error: { type: 'api_error', message: 'x' } }),
      ['Hi'],
      done,
    ],
  ])('reads %s', async (_, body, pieces, summary) => {
    const read = await readWire(vendor, { body })
    expect(read.error).toBeUndefined()
    expect(read.pieces).toEqual(pieces)
    expect(read.summary).toEqual(summary)
  })

  it.each(['reset', 'open'] as const)('is whole behind its reason, if the connection is then %s', async (behind) => {
    const body = start() + hi + end('end_turn').replace(STOP, '')
    const { error, fragments, summary } = await readWire(vendor, { body, behind })
    expect(error).toBeUndefined()
    expect({ fragments, summary }).toEqual({ fragments: ['Hi'], summary: done })
  })

  it('is read at once from a server that does not stream, also as JSON on several lines', async () => {
    const content = [
      { type: 'thinking', thinking: 'Hm', signature: 'sig' },
      { type: 'text', text: 'Hi' },
      { type: 'tool_use', id: 'toolu_1', name: 'add', input: {} },
    ]
    const message = { type: 'message', content, stop_reason: 'tool_use', usage: { input_tokens: 3, output_tokens: 5 } }
    const body = JSON.stringify(message, null, 2)
    const { pieces, summary } = await readWire(vendor, { type: 'application/json', body })
    expect(pieces).toEqual([
      { type: 'reasoning', text: 'Hm' },
      { type: 'reasoning', text: '', carry },
      'Hi',
      opened,
      stretch('{}'),
      ended,
    ])
    expect(summary).toEqual({ finishReason: 'tool-calls', usage })
  })
})
