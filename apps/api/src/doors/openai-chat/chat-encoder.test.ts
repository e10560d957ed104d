import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { answerOf, randomPieces } from '../../../test/support/random-answer.ts'
import { cases } from '../../../test/support/rounds.ts'
import type { Piece } from '../../jobs/answer/piece.ts'
import { tapedPieces } from '../../jobs/answer/recorded-pieces.ts'
import type { StoredFinalJob } from '../../jobs/job.ts'
import { chatCompletion } from './chat-completion.ts'
import { ChatEncoder } from './chat-encoder.ts'

const ID = '0199d1c2-0000-7000-8000-000000000001'
const CHAT_ID = 'chatcmpl-0199d1c2000070008000000000000001'
const CALL_ID = 'call_0199d1c2000070008000000000000001'
const METRICS = { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1 }
const HEAD = { id: CHAT_ID, object: 'chat.completion.chunk', created: 1_767_323_045, model: 'mini' }

function recordOf(pieces: readonly Piece[], metrics: Partial<StoredFinalJob['metrics']> = {}): StoredFinalJob {
  const time = '2026-01-02T03:04:05.678Z'
  const { result, parts, tape } = answerOf(pieces).answer.stored
  return {
    id: ID,
    prompt: 'Go',
    provider: 'acme',
    model: 'mini',
    createdAt: time,
    updatedAt: time,
    status: 'completed',
    door: { name: 'openai-chat', echo: { model: 'mini' } },
    metrics: { ...METRICS, ...metrics },
    result,
    ...(parts && { parts: [...parts] }),
    ...(tape && { tape }),
  }
}

function streamOf(job: StoredFinalJob, hasUsageChunk = false): string {
  const encoder = new ChatEncoder(job, hasUsageChunk)
  let stream = encoder.opening()
  for (const { piece } of tapedPieces(job)) stream += encoder.piece(piece)
  return stream + encoder.end(job)
}

/** The data of a stream, line by line, as a reader of Server-Sent Events finds it. */
function dataOf(stream: string): string[] {
  expect(stream.endsWith('\n\n')).toBe(true)
  return stream
    .slice(0, -2)
    .split('\n\n')
    .map((frame) => {
      expect(frame).toMatch(/^data: .*$/)
      expect(frame, 'no reader takes a character for the end of a line').not.toMatch(/[\u0085\u2028\u2029\r\n]/)
      return frame.slice('data: '.length)
    })
}

const Chunk = z.strictObject({
  id: z.literal(CHAT_ID),
  object: z.literal('chat.completion.chunk'),
  created: z.int(),
  model: z.literal('mini'),
  choices: z
    .array(
      z.strictObject({
        index: z.literal(0),
        delta: z.strictObject({
          role: z.literal('assistant').optional(),
          content: z.string().optional(),
          refusal: z.string().optional(),
          reasoning_content: z.string().optional(),
          reasoning: z.string().optional(),
          tool_calls: z
            .array(
              z.strictObject({
                index: z.int(),
                id: z.string().optional(),
                type: z.literal('function').optional(),
                function: z.strictObject({ name: z.string().optional(), arguments: z.string() }),
              }),
            )
            .length(1)
            .optional(),
        }),
        finish_reason: z.enum(['stop', 'length', 'content_filter', 'tool_calls']).nullable(),
      }),
    )
    .max(1),
  usage: z.unknown().optional(),
})

type Choice = z.infer<typeof Chunk>['choices'][number]

function choicesOf(data: readonly string[]): Choice[] {
  return data.filter((line) => line !== '[DONE]').flatMap((line) => Chunk.parse(JSON.parse(line)).choices)
}

/** What a client makes of a stream: the deltas put together, as the SDKs do. */
function messageOf(choices: readonly Choice[]) {
  const joined = (name: 'content' | 'refusal' | 'reasoning' | 'reasoning_content') =>
    choices.map(({ delta }) => delta[name] ?? '').join('')
  return {
    content: joined('content'),
    refusal: joined('refusal'),
    reasoning: joined('reasoning'),
    reasoning_content: joined('reasoning_content'),
    calls: callsOf(choices),
  }
}

function callsOf(choices: readonly Choice[]) {
  const calls: { id: string; name: string | undefined; arguments: string }[] = []
  for (const { index, id, function: called } of choices.flatMap(({ delta }) => delta.tool_calls ?? [])) {
    if (id === undefined) expect(index, 'calls do not overlap').toBe(calls.length - 1)
    else calls.push({ id, name: called.name, arguments: '' })
    const call = calls.at(-1)
    if (call) call.arguments += called.arguments
  }
  return calls
}

describe('ChatEncoder', () => {
  it('writes deltas that put together are the message of the JSON answer', () => {
    fc.assert(
      fc.property(randomPieces, fc.boolean(), (pieces, hasUsageChunk) => {
        const job = recordOf(pieces, { usage: { inputTokens: 3, outputTokens: 4 } })
        const data = dataOf(streamOf(job, hasUsageChunk))
        expect(data.at(-1)).toBe('[DONE]')
        const choices = choicesOf(data)
        const [{ message, finish_reason }] = chatCompletion(job).choices
        expect(messageOf(choices)).toEqual({
          content: message.content ?? '',
          refusal: message.refusal ?? '',
          reasoning: message.reasoning ?? '',
          reasoning_content: message.reasoning_content ?? '',
          calls: (message.tool_calls ?? []).map(({ id, function: called }) => ({ id, ...called })),
        })
        // The finish reason is in the last choice, and in no other.
        expect(choices.findIndex((choice) => choice.finish_reason !== null)).toBe(choices.length - 1)
        expect(choices.at(-1)?.finish_reason).toBe(finish_reason)
      }),
      cases(300),
    )
  })

  it('writes the role first, then the text, then the finish reason', () => {
    const data = dataOf(streamOf(recordOf(['Hel', 'lo'], { finishReason: 'stop' })))
    const chunk = (delta: object, finish: string | null = null) => ({
      ...HEAD,
      choices: [{ index: 0, delta, finish_reason: finish }],
    })
    expect(data.slice(0, -1).map((line) => JSON.parse(line))).toEqual([
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      chunk({}, 'stop'),
    ])
  })

  it('writes the id and the name of a call once, and then its arguments', () => {
    const pieces: Piece[] = [
      { type: 'reasoning', text: 'hm' },
      { type: 'tool-call', callId: 'vendor-1', name: 'look' },
      { type: 'tool-arguments', text: '{"a":' },
      { type: 'tool-arguments', text: '1}' },
      { type: 'tool-call-end' },
      { type: 'tool-call', callId: 'vendor-2', name: 'list' },
      { type: 'tool-call-end' },
    ]
    const data = dataOf(streamOf(recordOf(pieces, { finishReason: 'tool-calls' })))
    const deltas = data.slice(1, -2).map((line) => Chunk.parse(JSON.parse(line)).choices[0]?.delta)
    const call = (index: number, fields: object) => ({ tool_calls: [{ index, ...fields }] })
    expect(deltas).toEqual([
      { reasoning_content: 'hm', reasoning: 'hm' },
      call(0, { id: `${CALL_ID}_1`, type: 'function', function: { name: 'look', arguments: '' } }),
      call(0, { function: { arguments: '{"a":' } }),
      call(0, { function: { arguments: '1}' } }),
      call(1, { id: `${CALL_ID}_2`, type: 'function', function: { name: 'list', arguments: '' } }),
      call(1, { function: { arguments: '{}' } }),
    ])
  })

  it('writes the usage in a last chunk without choices, and null in the others, if it is asked for', () => {
    const job = recordOf(['Hi'], { usage: { inputTokens: 3, outputTokens: 4, cachedInputTokens: 2 } })
    const usages = dataOf(streamOf(job, true))
      .slice(0, -1)
      .map((line) => Chunk.parse(JSON.parse(line)))
      .map(({ choices, usage }) => [choices.length, usage])
    const usage = {
      prompt_tokens: 3,
      completion_tokens: 4,
      total_tokens: 7,
      prompt_tokens_details: { cached_tokens: 2 },
      completion_tokens_details: { reasoning_tokens: 0 },
    }
    expect(usages).toEqual([
      [1, null],
      [1, null],
      [1, null],
      [0, usage],
    ])
    expect(streamOf(job), 'not asked for').not.toContain('usage')
  })

  it('says that it estimated a usage that the vendor did not tell', () => {
    const [last] = dataOf(streamOf(recordOf(['Hi']), true)).filter((line) => line.includes('"choices":[]'))
    expect(JSON.parse(last ?? '')).toMatchObject({ usage: { completion_tokens: 1, estimated: true } })
  })

  it('ends a failed job with an error, and without [DONE]', () => {
    const error = { code: 'provider-timeout', message: 'acme took too long.', retryable: true } as const
    const data = dataOf(streamOf({ ...recordOf(['Hel']), status: 'failed', error }))
    expect(JSON.parse(data.at(-1) ?? '')).toMatchObject({ error: { message: 'acme took too long.', param: null } })
    expect(data).not.toContain('[DONE]')
  })

  it('ends a cancelled job with an error, and without [DONE]', () => {
    const data = dataOf(streamOf({ ...recordOf(['Hel']), status: 'cancelled' }))
    expect(JSON.parse(data.at(-1) ?? '')).toEqual({
      error: {
        message: 'The job was cancelled.',
        type: 'invalid_request_error',
        param: null,
        code: 'response_cancelled',
      },
    })
  })
})
