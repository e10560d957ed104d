import type { Fallback } from '@promptlab/contract'
import type { LogPart, LogPiece } from '../../jobs/answer/log-piece.ts'
import { answererOf } from '../../jobs/answerer.ts'
import type { StoredFinalJob, StoredJob } from '../../jobs/job.ts'
import type { DoorEncoder } from '../door-encoder.ts'
import { JobEndedError } from '../door-error.ts'
import { openAiErrorOf } from '../openai-error.ts'
import { type AnswerPart, answerParts, EMPTY_MESSAGE, isItem, wholePart } from './answer-part.ts'
import { DONE_FRAME, deltaFrame, eventFrame, KEEP_ALIVE } from './event-frame.ts'
import { type ItemEvent, OpenItem, textlessItem } from './open-item.ts'
import type { ItemContext } from './output-item.ts'
import { begunResponse, finalStatus, isBackground, itemContext, responseObject } from './response-object.ts'

/** The numbers of the events before the answer. That of `queued` stays free in the foreground. */
const CREATED = 0
const QUEUED = 1
const IN_PROGRESS = 2
/**
 * The number of the last event. It is behind all others, so that a client that has seen more of the answer than a crash left
 * still gets the end.
 */
export const LAST_NUMBER = 2_000_000_000

interface EncoderOptions {
  /** The number of the last event that the client has. Undefined: none. */
  readonly startingAfter?: number | undefined
  /** What the client wants to have included, beside what the request asked for. */
  readonly include?: readonly string[] | undefined
}

/**
 * Writes a job as the events of a response. Everything follows from the log and the record, so that an event is the same, with
 * the same number, whenever and wherever it is written. A structural event takes one number, and a delta as many as it has
 * UTF-16 code units.
 */
export class ResponseEncoder implements DoorEncoder {
  readonly keepAlive = KEEP_ALIVE
  readonly #job: StoredJob
  readonly #include: readonly string[]
  #context: ItemContext
  readonly #after: number
  readonly #isBackground: boolean
  /** The number of the last event. */
  #number = CREATED
  #outputIndex = 0
  /** The index of the latest part that had a piece. */
  #part = -1
  /** Undefined before the first part, and behind a whole tool call. */
  #open: OpenItem | undefined
  #deltaHead = ''

  constructor(job: StoredJob, { startingAfter = -1, include = [] }: EncoderOptions = {}) {
    this.#job = job
    this.#include = include
    this.#context = itemContext(job, include)
    this.#after = startingAfter
    this.#isBackground = isBackground(job)
  }

  opening(): string {
    const created = this.#snapshot('response.created', CREATED)
    if (this.#isBackground) return created + this.#snapshot('response.queued', QUEUED)
    return created + this.#beginning()
  }

  answeredBy({ provider }: Fallback): void {
    this.#context = { ...this.#context, provider }
  }

  piece({ part, kind, text }: LogPiece): string {
    const before = part.index === this.#part ? '' : this.#turnTo(part)
    if (kind === 'tool-call') return before
    return before + (kind === 'tool-call-end' ? this.#close(wholePart(part)) : this.#delta(text))
  }

  end(job: StoredFinalJob): string {
    if (this.#after >= LAST_NUMBER) return ''
    const { status } = finalStatus(job)
    const isWhole = status === 'completed' || status === 'incomplete'
    this.answeredBy(answererOf(job))
    const rest = this.#beginning() + (isWhole ? this.#rest(job, status) : '')
    const type = isWhole ? `response.${status}` : 'response.failed'
    return (
      rest +
      this.#error(job) +
      eventFrame(type, { response: responseObject(job, this.#include) }, LAST_NUMBER) +
      DONE_FRAME
    )
  }

  #snapshot(type: string, number: number): string {
    this.#number = number
    if (number <= this.#after) return ''
    const status = this.#isBackground && number < IN_PROGRESS ? 'queued' : 'in_progress'
    return eventFrame(type, { response: begunResponse(this.#job, status) }, number)
  }

  /** In the background `in_progress` waits for the first piece: until then the job may only be waiting. */
  #beginning(): string {
    return this.#number < IN_PROGRESS ? this.#snapshot('response.in_progress', IN_PROGRESS) : ''
  }

  #delta(text: string): string {
    const start = this.#number
    const number = start + text.length
    this.#number = number
    if (start >= this.#after) return deltaFrame(this.#deltaHead, text, number)
    return number > this.#after ? deltaFrame(this.#deltaHead, text.slice(this.#after - start), number) : ''
  }

  #events(events: readonly ItemEvent[]): string {
    let frames = ''
    for (const { type, fields } of events)
      if (++this.#number > this.#after) frames += eventFrame(type, fields, this.#number)
    return frames
  }

  /** Closes the item before, writes those that have no piece, and opens that of a part. */
  #turnTo(part: LogPart): string {
    let frames = this.#beginning()
    for (const before of partsBefore(part, this.#part)) frames += this.#pass(wholePart(before), 'completed')
    const item = new OpenItem(part, this.#outputIndex++, this.#context)
    this.#part = part.index
    this.#open = item
    this.#deltaHead = item.deltaHead
    return frames + this.#events(item.opening())
  }

  /** Closes the item of a part if it is open, or writes the whole item of a part that had no piece. */
  #pass(part: AnswerPart, status: 'completed' | 'incomplete'): string {
    if (part.index === this.#part) return this.#close(part, status)
    return isItem(part) ? this.#events(textlessItem(part, this.#outputIndex++, this.#context)) : ''
  }

  #close(part: AnswerPart, status: 'completed' | 'incomplete' = 'completed'): string {
    const item = this.#open
    this.#open = undefined
    return item ? this.#events(item.closing(part, status)) : ''
  }

  /** What is missing behind the last piece. A tool call that was cut stays open, because SDKs run a call that is done. */
  #rest(job: StoredFinalJob, status: 'completed' | 'incomplete'): string {
    const parts = answerParts(job).slice(Math.max(0, this.#part))
    const last = parts.findLast(isItem)
    const rest = parts
      .filter(({ hasEnded }) => hasEnded)
      .map((part) => this.#pass(part, part === last ? status : 'completed'))
      .join('')
    return this.#outputIndex === 0 ? rest + this.#emptyMessage(status) : rest
  }

  #emptyMessage(status: 'completed' | 'incomplete'): string {
    const item = new OpenItem(EMPTY_MESSAGE, this.#outputIndex++, this.#context)
    return this.#events([...item.opening(), ...item.closing(EMPTY_MESSAGE, status)])
  }

  /** Also of a job that was cancelled: with the last event alone, some SDKs take its text for the whole answer. */
  #error(job: StoredFinalJob): string {
    const error = JobEndedError.of(job)
    if (!error || this.#after >= LAST_NUMBER - 1) return ''
    const { code, message, param } = openAiErrorOf(error)
    return eventFrame('error', { code, message, param }, LAST_NUMBER - 1)
  }
}

/** The parts between the latest part that had a piece and another one, that latest part included, in order. */
function partsBefore(part: LogPart, latest: number): LogPart[] {
  const parts: LogPart[] = []
  for (let before = part.previous; before && before.index >= latest; before = before.previous) parts.unshift(before)
  return parts
}
