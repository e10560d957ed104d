import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { endedJob } from '../../../test/support/ended-job.ts'
import { answerOf, randomPieces } from '../../../test/support/random-answer.ts'
import { encodedBy, type ResponseEvent, responseEvents } from '../../../test/support/response-events.ts'
import { cases, timeoutOf } from '../../../test/support/rounds.ts'
import type { JobOutcome, StoredFinalJob } from '../../jobs/job.ts'
import { PIECES_VIEW } from '../../jobs/views/pieces-view.ts'
import { MemoryTokenLog } from '../../token-log/memory-token-log.ts'
import { decodeCarry } from '../encoded-carry.ts'
import { LAST_NUMBER, ResponseEncoder } from './response-encoder.ts'
import { ENCRYPTED_CONTENT } from './response-object.ts'

const JOB = '0198f2c45a6b7c8d9e0f112233445566'
const FOREGROUND = { door: { name: 'openai-responses' as const } }
const ERROR = { code: 'provider-unavailable' as const, message: 'openai failed.', retryable: true }

function eventsOf(job: StoredFinalJob, startingAfter?: number, include?: string[]): ResponseEvent[] {
  return responseEvents(encodedBy(new ResponseEncoder(job, { startingAfter, include }), job))
}

function shortOf({ type, sequence_number, item_id, item }: ResponseEvent): string {
  return [type.replace('response.', ''), sequence_number, item_id ?? item?.id]
    .filter((each) => each !== undefined)
    .join(' ')
}

const CUT = {
  metrics: { durationMs: 1, tokenCount: 1, ttftMs: 1, queuedMs: 0, attempts: 1, finishReason: 'length' as const },
}
const randomOutcome = fc.constantFrom<JobOutcome>(
  { status: 'completed' },
  { status: 'cancelled' },
  { status: 'failed', error: ERROR },
)
const randomJob = fc
  .tuple(randomPieces, randomOutcome, fc.constantFrom({}, FOREGROUND, CUT))
  .map(([pieces, outcome, fields]) => endedJob(pieces, fields, outcome))

/** The text of each item, from its deltas. */
function deltasOf(events: readonly ResponseEvent[]): Map<string, string> {
  const texts = new Map<string, string>()
  for (const { item_id: id, delta } of events)
    if (id !== undefined && delta !== undefined) texts.set(id, (texts.get(id) ?? '') + delta)
  return texts
}

describe('ResponseEncoder', () => {
  it('writes the events of an answer of all kinds, with numbers that count UTF-16 code units', () => {
    const job = endedJob(
      [
        { type: 'reasoning', text: 'Hm' },
        { type: 'reasoning', text: '', carry: 'sig' },
        'It ',
        'is',
        { type: 'tool-call', callId: 'call_vendor', name: 'get_sum' },
        { type: 'tool-arguments', text: '{"a":2}' },
        { type: 'tool-call-end' },
      ],
      FOREGROUND,
    )
    expect(eventsOf(job).map(shortOf)).toEqual([
      'created 0',
      'in_progress 2',
      `output_item.added 3 rs_${JOB}_0`,
      `reasoning_summary_part.added 4 rs_${JOB}_0`,
      `reasoning_summary_text.delta 6 rs_${JOB}_0`,
      `reasoning_summary_text.done 7 rs_${JOB}_0`,
      `reasoning_summary_part.done 8 rs_${JOB}_0`,
      `output_item.done 9 rs_${JOB}_0`,
      `output_item.added 10 msg_${JOB}_1`,
      `content_part.added 11 msg_${JOB}_1`,
      `output_text.delta 14 msg_${JOB}_1`,
      `output_text.delta 16 msg_${JOB}_1`,
      `output_text.done 17 msg_${JOB}_1`,
      `content_part.done 18 msg_${JOB}_1`,
      `output_item.done 19 msg_${JOB}_1`,
      `output_item.added 20 fc_${JOB}_2`,
      `function_call_arguments.delta 27 fc_${JOB}_2`,
      `function_call_arguments.done 28 fc_${JOB}_2`,
      `output_item.done 29 fc_${JOB}_2`,
      `completed ${LAST_NUMBER}`,
    ])
  })

  it('writes queued behind created in the background, and in_progress with the first piece', () => {
    const job = endedJob(['Hi'])
    const encoder = new ResponseEncoder(job)
    expect(encoder.opening().match(/^event: .*$/gm)).toEqual(['event: response.created', 'event: response.queued'])
    expect(
      eventsOf(job)
        .map(({ type, response }) => [type, response?.status])
        .slice(0, 3),
    ).toEqual([
      ['response.created', 'queued'],
      ['response.queued', 'queued'],
      ['response.in_progress', 'in_progress'],
    ])
  })

  it('writes a refusal as a message of its own', () => {
    const events = eventsOf(endedJob(['No', { type: 'refusal', text: 'I will not' }], FOREGROUND))
    expect(events.filter(({ item_id }) => item_id === `msg_${JOB}_1`)).toMatchObject([
      { type: 'response.content_part.added' },
      { type: 'response.refusal.delta', delta: 'I will not' },
      { type: 'response.refusal.done', refusal: 'I will not' },
      { type: 'response.content_part.done' },
    ])
  })

  it('writes reasoning that only has what its vendor wants back as an item without text, and skips empty text', () => {
    const job = endedJob([
      { type: 'reasoning', text: '', carry: 'first' },
      { type: 'text', text: '', carry: 'unseen' },
      'Hi',
      { type: 'reasoning', text: '', carry: 'last' },
    ])
    const done = eventsOf(job, undefined, [ENCRYPTED_CONTENT]).filter(
      ({ type }) => type === 'response.output_item.done',
    )
    expect(done.map(({ output_index, item }) => [output_index, item?.id])).toEqual([
      [0, `rs_${JOB}_0`],
      [1, `msg_${JOB}_2`],
      [2, `rs_${JOB}_3`],
    ])
    expect(done[0]?.item).toMatchObject({ summary: [], encrypted_content: expect.any(String) })
    expect(decodeCarry(String(done[0]?.item?.['encrypted_content']))).toEqual({ provider: 'openai', value: 'first' })
  })

  it('gives encrypted content only to a client that asked for it', () => {
    const pieces = [{ type: 'reasoning' as const, text: 'Hm', carry: 'sig' }, 'Hi']
    const asked = { door: { name: 'openai-responses' as const, echo: { include: [ENCRYPTED_CONTENT] } } }
    expect(encodedBy(new ResponseEncoder(endedJob(pieces)), endedJob(pieces))).not.toContain('encrypted_content')
    expect(encodedBy(new ResponseEncoder(endedJob(pieces, asked)), endedJob(pieces, asked))).toContain(
      'encrypted_content',
    )
  })

  it('ends a failed job with an error and then the failed response, and leaves the last item open', () => {
    const events = eventsOf(endedJob(['Hi'], FOREGROUND, { status: 'failed', error: ERROR }))
    expect(events.slice(-3)).toMatchObject([
      { type: 'response.output_text.delta' },
      { type: 'error', sequence_number: LAST_NUMBER - 1 },
      { type: 'response.failed', sequence_number: LAST_NUMBER, response: { status: 'failed' } },
    ])
  })

  it('ends a cancelled job with an error too, and then response.failed whose status is cancelled', () => {
    expect(eventsOf(endedJob(['Hi'], {}, { status: 'cancelled' })).slice(-2)).toMatchObject([
      { type: 'error', sequence_number: LAST_NUMBER - 1 },
      { type: 'response.failed', response: { status: 'cancelled', error: null } },
    ])
  })

  it('never says that a tool call which was cut is done', () => {
    const pieces = [
      { type: 'tool-call' as const, callId: 'c', name: 'pay' },
      { type: 'tool-arguments' as const, text: '{"a"' },
    ]
    const metrics = { ...endedJob([]).metrics, finishReason: 'length' as const }
    const events = eventsOf(endedJob(pieces, { metrics }))
    expect(events.map(({ type }) => type)).not.toContain('response.output_item.done')
    expect(events.at(-1)).toMatchObject({
      type: 'response.incomplete',
      response: { status: 'incomplete', output: [{ type: 'function_call', status: 'incomplete' }] },
    })
  })

  it('writes a message without text for an answer without anything, so that no SDK asks again', () => {
    const events = eventsOf(endedJob([{ type: 'text', text: '', carry: 'sig' }], FOREGROUND))
    expect(events.map(shortOf)).toEqual([
      'created 0',
      'in_progress 2',
      `output_item.added 3 msg_${JOB}_0`,
      `content_part.added 4 msg_${JOB}_0`,
      `output_text.done 5 msg_${JOB}_0`,
      `content_part.done 6 msg_${JOB}_0`,
      `output_item.done 7 msg_${JOB}_0`,
      `completed ${LAST_NUMBER}`,
    ])
    expect(events.at(-1)?.response?.output).toEqual([events.at(-2)?.item])
  })

  it('gives nothing to a client that has the last event', () => {
    const job = endedJob(['Hi'])
    expect(encodedBy(new ResponseEncoder(job, { startingAfter: LAST_NUMBER }), job)).toBe('')
  })

  it('escapes characters at which some readers split lines', () => {
    const text = encodedBy(new ResponseEncoder(endedJob(['a\u2028b\u0085\n'])), endedJob(['a\u2028b\u0085\n']))
    expect(text).toContain('"delta":"a\\u2028b\\u0085\\n"')
    expect(text).not.toMatch(/[\u0085\u2028]/)
  })

  it(
    'writes the same of the live log as of the record',
    async () => {
      const property = fc.asyncProperty(randomPieces, async (pieces) => {
        const log = new MemoryTokenLog()
        const reader = log.attach('job', PIECES_VIEW, 0, { onReady: () => {}, onIdle: () => {} })
        const job = endedJob(pieces)
        const encoder = new ResponseEncoder(job, { include: [ENCRYPTED_CONTENT] })
        let live = encoder.opening()
        for (const { piece, place, part } of answerOf(pieces).placed) {
          log.append('job', piece, place, part, 1)
          for (const event of reader.read()) if ('part' in event) live += encoder.piece(event)
        }
        await log.stop()
        const recorded = encodedBy(new ResponseEncoder(job, { include: [ENCRYPTED_CONTENT] }), job)
        expect(live + encoder.end(job)).toBe(recorded)
      })
      await fc.assert(property, cases(200))
    },
    timeoutOf(60_000),
  )

  it(
    'resumes behind any event with exactly the rest',
    () => {
      fc.assert(
        fc.property(randomJob, fc.nat(), (job, cut) => {
          const events = eventsOf(job)
          const at = cut % events.length
          expect(eventsOf(job, events[at]?.sequence_number)).toEqual(events.slice(at + 1))
        }),
        cases(300),
      )
    },
    timeoutOf(60_000),
  )

  it(
    'resumes inside a delta with the rest of its text',
    () => {
      fc.assert(
        fc.property(randomJob, fc.nat(), (job, cut) => {
          const whole = deltasOf(eventsOf(job))
          const longest = Math.max(
            ...eventsOf(job).map(({ sequence_number: number }) => (number < LAST_NUMBER - 1 ? number : 0)),
          )
          const after = cut % (longest + 1)
          const before = eventsOf(job).flatMap((event) => {
            const { delta = '', sequence_number: number } = event
            return number - delta.length >= after
              ? []
              : { ...event, delta: delta.slice(0, delta.length - Math.max(0, number - after)) }
          })
          const joined = deltasOf([...before, ...eventsOf(job, after)])
          expect([...joined].filter(([, text]) => text !== '')).toEqual([...whole])
        }),
        cases(200),
      )
    },
    timeoutOf(60_000),
  )

  it(
    'numbers events upwards, names items as the response does, and ends each item with the text of its deltas',
    () => {
      fc.assert(
        fc.property(randomJob, (job) => {
          const events = eventsOf(job)
          const numbers = events.map(({ sequence_number }) => sequence_number)
          expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b))
          const output = events.at(-1)?.response?.output ?? []
          const added = events.filter(({ type }) => type === 'response.output_item.added')
          const isWhole = job.status === 'completed'
          const known = isWhole ? output : output.slice(0, added.length)
          expect(added.map(({ item }) => item?.id)).toEqual(known.map(({ id }) => id))
          expect(added.map(({ output_index }) => output_index)).toEqual(added.map((_, index) => index))
          const texts = deltasOf(events)
          const ends = events.filter(({ type }) => /(?:text|refusal|arguments)\.done$/.test(type))
          const written = ends.map(({ text, refusal, arguments: call }) => text ?? refusal ?? call)
          expect(written).toEqual(ends.map(({ item_id: id = '' }) => texts.get(id) ?? ''))
          const done = events.filter(({ type }) => type === 'response.output_item.done')
          expect(output).toEqual(expect.arrayContaining(done.map(({ item }) => item)))
        }),
        cases(300),
      )
    },
    timeoutOf(60_000),
  )
})
