import { readFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type LoopbackVendor, startOpenAIVendor } from '../testing/index.ts'
import { DONE, delta, event, readWire, STOP, type WireAnswer } from './wire-case.ts'

let vendor: LoopbackVendor
beforeEach(async () => {
  vendor = await startOpenAIVendor()
})
afterEach(() => vendor.close())

interface SeenCase extends WireAnswer {
  readonly name: string
  readonly expect: {
    readonly status: 'completed' | 'failed'
    readonly result?: string
    readonly finishReason?: string
    readonly reasoning?: string
    readonly refusal?: string
    readonly usage?: object
    readonly code?: readonly string[]
  }
}

const seen: { cases: SeenCase[] } = JSON.parse(await readFile(new URL('wire-cases.json', import.meta.url), 'utf8'))

describe('an answer that was seen', () => {
  it.each(seen.cases)('is read rightly: $name', async ({ expect: expected, ...answer }) => {
    const { fragments, summary, error, textOf } = await readWire(vendor, answer)
    if (expected.status === 'failed') {
      expect(expected.code).toContain(Reflect.get(Object(error), 'code'))
    } else {
      expect(error).toBeUndefined()
    }
    if (expected.result !== undefined) expect(fragments.join('')).toBe(expected.result)
    if (expected.finishReason !== undefined) expect(summary?.finishReason).toBe(expected.finishReason)
    if (expected.usage !== undefined) expect(summary?.usage).toEqual(expected.usage)
    expect(textOf('reasoning')).toBe(expected.reasoning ?? '')
    expect(textOf('refusal')).toBe(expected.refusal ?? '')
  })
})

describe('the content of an answer', () => {
  it.each<[string, string, { text?: string; reasoning?: string; refusal?: string; finishReason?: string }]>([
    [
      'reasoning in the field `reasoning`',
      delta({ reasoning: 'hm' }) + delta({ content: '4' }),
      { text: '4', reasoning: 'hm' },
    ],
    [
      'the same reasoning in two fields',
      delta({ reasoning: 'hm', reasoning_content: 'hm' }) + delta({ content: '4' }),
      { text: '4', reasoning: 'hm' },
    ],
    [
      'reasoning with details that repeat it',
      delta({ reasoning: 'hm', reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] }),
      { reasoning: 'hm' },
    ],
    [
      'reasoning in details only',
      delta({
        reasoning_details: [
          { type: 'reasoning.text', text: 'h' },
          { type: 'reasoning.summary', summary: 'm' },
        ],
      }),
      { reasoning: 'hm' },
    ],
    [
      'reasoning and text in one chunk',
      delta({ reasoning_content: 'hm', content: '4' }),
      { text: '4', reasoning: 'hm' },
    ],
    [
      'parts of several kinds in one chunk',
      delta({
        content: ['a', { type: 'thinking', thinking: 'hm' }, { type: 'text', text: 'b' }, { type: 'reference' }],
      }),
      { text: 'ab', reasoning: 'hm' },
    ],
    [
      'a refusal as a part',
      delta({ content: [{ type: 'refusal', refusal: 'No.' }] }),
      { refusal: 'No.', finishReason: 'refusal' },
    ],
    ['the form of the older completions', event({ choices: [{ index: 0, text: 'Hi' }] }), { text: 'Hi' }],
    [
      'a message in place of a delta',
      event({ choices: [{ message: { role: 'assistant', content: 'Hi' } }] }),
      { text: 'Hi' },
    ],
    [
      'the answer so far in a message beside each delta',
      event({ choices: [{ delta: { content: 'H' }, message: { content: 'H' } }] }) +
        event({ choices: [{ delta: { content: 'i' }, message: { content: 'Hi' } }] }),
      { text: 'Hi' },
    ],
    [
      'the whole answer again at the end',
      delta({ content: 'H' }) + delta({ content: 'i' }) + event({ choices: [{ message: { content: 'Hi' } }] }),
      { text: 'Hi' },
    ],
    [
      'a second choice that nobody asked for',
      event({ choices: [{ index: 1, delta: { content: 'other' } }] }) +
        event({
          choices: [
            { index: 1, delta: { content: 'other' } },
            { index: 0, delta: { content: 'Hi' } },
          ],
        }),
      { text: 'Hi' },
    ],
    ['an `error` that is null in each chunk', delta({ content: 'Hi' }, null, { error: null }), { text: 'Hi' }],
    ['an empty `error` in each chunk', delta({ content: 'Hi' }, null, { error: {} }), { text: 'Hi' }],
    [
      'chunks without choices',
      event({ choices: [], prompt_filter_results: [{}] }) + delta({ content: 'Hi' }),
      { text: 'Hi' },
    ],
    [
      'empty events and comments',
      `data:\n\ndata: {}\n\n: OPENROUTER PROCESSING\n\n${delta({ content: 'Hi' })}`,
      { text: 'Hi' },
    ],
    ['a named ping that is JSON', `event: ping\ndata: {"type":"ping"}\n\n${delta({ content: 'Hi' })}`, { text: 'Hi' }],
    ['a chunk with a name', `event: message\n${delta({ content: 'Hi' })}`, { text: 'Hi' }],
    ['nothing', '', { text: '' }],
  ])('is read from %s', async (_, body, { text = '', reasoning = '', refusal = '', finishReason = 'stop' }) => {
    const { fragments, summary, error, textOf } = await readWire(vendor, { body: body + STOP })
    expect(error).toBeUndefined()
    expect([fragments.join(''), textOf('reasoning'), textOf('refusal')]).toEqual([text, reasoning, refusal])
    expect(summary).toEqual({ finishReason })
  })
})

describe('the body of an answer', () => {
  const whole = { choices: [{ message: { content: 'Hi' }, finish_reason: 'stop' }] }

  it.each<[string, WireAnswer]>([
    ['events that are called text', { type: 'text/plain', body: delta({ content: 'Hi' }) + STOP }],
    ['events that are called nothing', { type: '', body: delta({ content: 'Hi' }) + STOP }],
    ['JSON that is called events', { body: JSON.stringify(whole) }],
    ['JSON on several lines', { type: '', body: JSON.stringify(whole, null, 2) }],
    [
      'JSON, one chunk a line',
      { type: 'application/x-ndjson', body: (delta({ content: 'Hi' }) + STOP).replaceAll('data: ', '') },
    ],
    ['an end marker without `data:`', { body: `${delta({ content: 'Hi' })}[DONE]\n\n` }],
    ['a finish reason behind a byte order mark', { body: `\uFEFF${delta({ content: 'Hi' }, 'stop')}` }],
    ['carriage returns', { body: (delta({ content: 'Hi' }) + STOP).replaceAll('\n', '\r') }],
    ['no line break at the end', { body: (delta({ content: 'Hi' }) + delta({}, 'stop')).trimEnd() }],
    ['garbage behind a finish reason', { body: `${delta({ content: 'Hi' }, 'stop')}data: {"choi\n\n` }],
    ['a failure behind a finish reason', { body: `${delta({ content: 'Hi' }, 'stop')}${event({ error: 'late' })}` }],
    ['a page behind a finish reason', { body: `${delta({ content: 'Hi' }, 'stop')}<html>\n` }],
    ['an open connection behind a finish reason', { body: delta({ content: 'Hi' }, 'stop'), behind: 'open' }],
  ])('is whole: %s', async (_, answer) => {
    const { fragments, error } = await readWire(vendor, answer)
    expect(error).toBeUndefined()
    expect(fragments.join('')).toBe('Hi')
  })

  it.each<[string, string, string]>([
    ['nothing', '', 'provider-malformed'],
    ['an end marker only', DONE, 'provider-malformed'],
    ['reasoning and an end marker', delta({ reasoning: 'hm' }) + DONE, 'provider-malformed'],
    ['text without an end', delta({ content: 'Half' }), 'provider-malformed'],
    ['half an event', `${delta({ content: 'Half' })}data: {"choices":[{"delta":{"content":" of`, 'provider-malformed'],
    ['a page', '<!doctype html>\n<h1>Welcome</h1>', 'provider-malformed'],
    ['words', 'upstream connect error', 'provider-malformed'],
    ['words in an event', 'data: Internal Server Error\n\ndata: [DONE]\n\n', 'provider-malformed'],
    ['words as JSON', `${delta({ content: 'Half' })}data: "gone"\n\n${DONE}`, 'provider-unavailable'],
    ['an error as JSON', '{"error":{"message":"boom","code":500}}', 'provider-unavailable'],
    ['an error as JSON on several lines', '{\n  "error": {\n    "message": "boom"\n  }\n}\n', 'provider-unavailable'],
    [
      'an error as JSON between events',
      `${delta({ content: 'Half' })}{"error":"boom"}\n\n${DONE}`,
      'provider-unavailable',
    ],
    ['an error as a list', '[{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}]', 'provider-rate-limited'],
    ['an error in words', event({ error: 'boom' }) + DONE, 'provider-unavailable'],
    ['an error about a rate in words', event({ error: 'Rate limit exceeded' }), 'provider-rate-limited'],
    ['an error in a detail', event({ detail: 'boom' }) + DONE, 'provider-unavailable'],
    [
      'an error of the type error',
      event({ type: 'error', error: { type: 'overloaded_error' } }),
      'provider-unavailable',
    ],
    ['a list of errors', event({ errors: [{ message: 'boom' }] }) + DONE, 'provider-unavailable'],
    ['a message without choices', event({ code: 'boom', message: 'boom' }) + DONE, 'provider-unavailable'],
    ['an event named error', `event: error\ndata: boom\n\n${DONE}`, 'provider-unavailable'],
    ['the field error: in words', `error: boom\n\n${DONE}`, 'provider-unavailable'],
    ['a reason that nobody knows', delta({ content: 'Half' }, 'flubbed') + DONE, 'provider-malformed'],
    ['the reason abort', delta({ content: 'Half' }, 'abort') + DONE, 'provider-unavailable'],
    ['the reason network_error', delta({ content: 'Half' }, 'network_error') + DONE, 'provider-unavailable'],
    ['the reason "null" at the end', delta({ content: 'Half' }, 'null') + DONE, 'provider-malformed'],
    ['an error about money', event({ error: { code: 'insufficient_quota' } }), 'provider-quota-exceeded'],
    ['a prompt that is too long', event({ error: { code: 'context_length_exceeded' } }), 'prompt-too-long'],
  ])('is a failure: %s', async (_, body, code) => {
    const { fragments, error } = await readWire(vendor, { body })
    expect(error).toMatchObject({ code })
    expect(fragments.join('')).toBe(body.includes('"Half"') ? 'Half' : '')
  })

  it('is quoted in the error if an event is no JSON', async () => {
    const { error } = await readWire(vendor, { body: 'data: Internal Server Error\n\n' })
    expect(String(error)).toContain('openai sent an event that cannot be read: Internal Server Error')
  })

  it('is quoted in the error if it is no stream', async () => {
    const { error } = await readWire(vendor, { body: 'upstream connect error\nreset before headers' })
    expect(String(error)).toContain('something that is no stream: upstream connect error\nreset before headers')
  })
})

describe('the finish reason', () => {
  it.each([
    ['STOP', 'stop'],
    ['end_turn', 'stop'],
    ['eos', 'stop'],
    ['eos_token', 'stop'],
    ['stop_sequence', 'stop'],
    ['max_output_tokens', 'length'],
    ['model_length', 'length'],
    ['CONTENT_FILTER', 'content-filter'],
    ['sensitive', 'content-filter'],
    ['safety', 'content-filter'],
  ])('%s is read as %s', async (reason, expected) => {
    const { summary } = await readWire(vendor, { body: delta({ content: 'Hi' }, reason) })
    expect(summary).toEqual({ finishReason: expected })
  })

  it('may be "null" in each chunk before the last', async () => {
    const body = delta({ content: 'H' }, 'null') + delta({ content: 'i' }, 'null') + STOP
    expect(await readWire(vendor, { body })).toMatchObject({ fragments: ['H', 'i'], summary: { finishReason: 'stop' } })
  })
})

describe('the usage', () => {
  const counts = { prompt_tokens: 10, completion_tokens: 5 }
  const basis = { inputTokens: 10, outputTokens: 5 }

  it.each<[string, string, object | undefined]>([
    ['inside the choice', event({ choices: [{ index: 0, delta: {}, usage: counts }] }), basis],
    [
      'in each chunk, growing',
      delta({}, null, { usage: { prompt_tokens: 10, completion_tokens: 1 } }) + delta({}, null, { usage: counts }),
      basis,
    ],
    [
      'with what came from a cache',
      event({ usage: { ...counts, prompt_tokens_details: { cached_tokens: 8 } } }),
      { ...basis, cachedInputTokens: 8 },
    ],
    [
      'with the cache hits of DeepSeek',
      event({ usage: { ...counts, prompt_cache_hit_tokens: 7 } }),
      { ...basis, cachedInputTokens: 7 },
    ],
    [
      'with the cached tokens of Moonshot',
      event({ usage: { ...counts, cached_tokens: 6 } }),
      { ...basis, cachedInputTokens: 6 },
    ],
    [
      'with what was written into a cache',
      event({ usage: { ...counts, cache_creation_input_tokens: 4 } }),
      { ...basis, cacheWriteTokens: 4 },
    ],
    [
      'with reasoning',
      event({ usage: { ...counts, completion_tokens_details: { reasoning_tokens: 3 } } }),
      { ...basis, reasoningTokens: 3 },
    ],
    [
      'with reasoning that is not counted as output',
      event({ usage: { ...counts, total_tokens: 18, completion_tokens_details: { reasoning_tokens: 3 } } }),
      { ...basis, outputTokens: 8, reasoningTokens: 3 },
    ],
    ['with more cached tokens than there are', event({ usage: { ...counts, cached_tokens: 11 } }), basis],
    ['with other names', event({ usage: { input_tokens: 10, output_tokens: 5 } }), basis],
    ['that is null', event({ choices: [], usage: null }), undefined],
    ['in numbers that are none', event({ usage: { prompt_tokens: '10', completion_tokens: null } }), undefined],
  ])('is read %s', async (_, body, expected) => {
    const { summary, error } = await readWire(vendor, { body: delta({ content: 'Hi' }) + body + STOP })
    expect(error).toBeUndefined()
    expect(summary?.usage).toEqual(expected)
  })
})
