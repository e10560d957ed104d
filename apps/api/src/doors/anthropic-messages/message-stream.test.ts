import type { JobMetrics } from '@promptlab/contract'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerOf, randomPieces } from '../../../test/support/random-answer.ts'
import { messageEvents, streamedContent } from '../../../test/support/streamed-message.ts'
import type { Piece } from '../../jobs/answer/piece.ts'
import { tapedPieces } from '../../jobs/answer/recorded-pieces.ts'
import { finishJob, newJob, type StoredFinalJob, startJob } from '../../jobs/job.ts'
import { decodeCarry } from '../encoded-carry.ts'
import { MessageEncoder } from './message-encoder.ts'
import { messageObject } from './message-object.ts'

const METRICS: JobMetrics = { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1, finishReason: 'stop' }
const ID = '0199a000-1111-7222-8333-444455556666'

const FAILURE = { code: 'provider-unavailable', message: 'It failed.', retryable: true } as const

/** The job whose answer was these pieces. */
function jobOf(
  pieces: readonly Piece[],
  metrics: Partial<JobMetrics> = {},
  status: StoredFinalJob['status'] = 'completed',
): StoredFinalJob {
  const { answer } = answerOf(pieces)
  const asked = { prompt: 'Hi', provider: 'anthropic', model: 'claude-opus-5' }
  const outcome = status === 'failed' ? ({ status, error: FAILURE } as const) : { status }
  const progress = { ...answer.stored, metrics: { ...METRICS, ...metrics } }
  return finishJob(startJob(newJob(ID, asked, 0), 0), progress, outcome, 0)
}

/** The whole stream of a job. */
function streamOf(job: StoredFinalJob): string {
  const encoder = new MessageEncoder(job, 'r1')
  const pieces = [...tapedPieces(job)].map(({ piece }) => encoder.piece(piece))
  return [encoder.opening(), ...pieces, encoder.end(job)].join('')
}

const thought = (text: string, signature?: string): Piece => ({
  type: 'reasoning',
  text,
  ...(signature !== undefined && { carry: { type: 'thinking', signature } }),
})

describe('the stream of a message', () => {
  it('has the blocks of the message, whatever the answer is', () => {
    fc.assert(
      fc.property(randomPieces, (pieces) => {
        const job = jobOf(pieces)
        expect(streamedContent(streamOf(job))).toEqual(messageObject(job).content)
      }),
    )
  })

  it('is the events of the Messages API, in their order', () => {
    const pieces: Piece[] = [
      thought('Add.'),
      thought('', 's1'),
      'It ',
      'is',
      { type: 'tool-call', callId: 'vendor1', name: 'sum' },
      { type: 'tool-arguments', text: '{"a":1}' },
      { type: 'tool-call-end' },
    ]
    const usage = { inputTokens: 10, outputTokens: 5, cachedInputTokens: 4, cacheWriteTokens: 1, reasoningTokens: 2 }
    const job = jobOf(pieces, { finishReason: 'tool-calls', usage })
    const events = messageEvents(streamOf(job))
    expect(events.map(({ type, index }) => (index === undefined ? type : `${type} ${index}`))).toEqual([
      'message_start',
      'content_block_start 0',
      'content_block_delta 0',
      'content_block_delta 0',
      'content_block_stop 0',
      'content_block_start 1',
      'content_block_delta 1',
      'content_block_delta 1',
      'content_block_stop 1',
      'content_block_start 2',
      'content_block_delta 2',
      'content_block_stop 2',
      'message_delta',
      'message_stop',
    ])
    const [sent] = events.filter(({ delta }) => delta?.['type'] === 'signature_delta')
    expect(decodeCarry(String(sent?.delta?.['signature']))).toEqual({
      provider: 'anthropic',
      value: { type: 'thinking', signature: 's1' },
    })
    expect(events.at(-2)).toMatchObject({
      delta: { stop_reason: 'tool_use', stop_sequence: null },
      usage: { input_tokens: 5, cache_creation_input_tokens: 1, cache_read_input_tokens: 4, output_tokens: 5 },
    })
    expect(messageObject(job)).toMatchObject({
      id: 'msg_0199a000111172228333444455556666',
      model: 'anthropic/claude-opus-5',
      stop_reason: 'tool_use',
      content: [
        { type: 'thinking', thinking: 'Add.' },
        { type: 'text', text: 'It is', citations: null },
        { type: 'tool_use', id: 'call_0199a000111172228333444455556666_2', name: 'sum', input: { a: 1 } },
      ],
    })
  })

  it('has a block for reasoning without text, and none for a text without text', () => {
    const redacted: Piece = { type: 'reasoning', text: '', carry: { type: 'redacted_thinking', data: 'd' } }
    const job = jobOf([
      redacted,
      { type: 'text', text: '', carry: 'g' },
      'Hi',
      { type: 'text', text: '', carry: 'g' },
      redacted,
    ])
    const types = streamedContent(streamOf(job)).map(({ type }) => type)
    expect(types).toEqual(['thinking', 'text', 'thinking'])
  })

  it('begins with a message that is empty', () => {
    expect(new MessageEncoder(jobOf([])).opening()).toMatch(
      /^event: message_start\ndata: .*"content":\[\],"stop_reason":null/,
    )
    expect(messageEvents(streamOf(jobOf([]))).map(({ type }) => type)).toEqual([
      'message_start',
      'message_delta',
      'message_stop',
    ])
  })

  it('ends with an error, and with an open block, if the job failed or was cancelled', () => {
    for (const [status, type] of [
      ['failed', 'api_error'],
      ['cancelled', 'invalid_request_error'],
    ] as const) {
      const stream = streamOf(jobOf(['Hal'], {}, status))
      expect(stream).not.toContain('content_block_stop')
      expect(stream).not.toContain('message_stop')
      expect(stream).toMatch(
        new RegExp(
          `\\n\\nevent: error\\ndata: {"type":"error","error":{"type":"${type}","message":"[^"]+"},"request_id":"r1"}\\n\\n$`,
        ),
      )
    }
  })
})

describe('a message', () => {
  it.each([
    ['stop', 'end_turn'],
    ['length', 'max_tokens'],
    ['content-filter', 'refusal'],
    ['refusal', 'refusal'],
    ['other', 'end_turn'],
    [undefined, 'end_turn'],
  ] as const)('that ended with %s stopped with %s', (finishReason, reason) => {
    const { stop_reason, stop_details } = messageObject(jobOf(['Hi'], { finishReason }))
    expect(stop_reason).toBe(reason)
    expect(stop_details).toEqual(reason === 'refusal' ? { type: 'refusal', category: null, explanation: null } : null)
  })

  it('stopped to call a tool, or as a refusal, also if its vendor said `stop`', () => {
    const call: Piece[] = [{ type: 'tool-call', callId: 'c', name: 'now' }, { type: 'tool-call-end' }]
    expect(messageObject(jobOf(['Wait.', ...call])).stop_reason).toBe('tool_use')
    const refused = messageObject(jobOf([{ type: 'refusal', text: 'No.' }]))
    expect(refused).toMatchObject({ stop_reason: 'refusal', content: [{ type: 'text', text: 'No.' }] })
  })

  it('has the model by the name that was asked for at this door', () => {
    const job = jobOf(['Hi'])
    expect(messageObject({ ...job, door: { name: 'anthropic-messages', echo: { model: 'opus' } } }).model).toBe('opus')
    const elsewhere = { name: 'openai-chat', echo: { model: 'opus' } } as const
    expect(messageObject({ ...job, door: elsewhere }).model).toBe('anthropic/claude-opus-5')
  })

  it('says that it estimated a usage that the vendor did not tell', () => {
    const { usage } = messageObject(jobOf(['Hi']))
    expect(usage).toMatchObject({ input_tokens: 1, output_tokens: 1, output_tokens_details: null, estimated: true })
  })
})
