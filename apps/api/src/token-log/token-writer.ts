import type { FinalEvent } from '@promptlab/contract'
import type { LogLength } from '../jobs/answer/log-length.ts'
import { type Piece, placesOf, textOf } from '../jobs/answer/piece.ts'
import type { PlacedPiece } from '../jobs/answer/placed-piece.ts'
import { encodeCut, encodeEnd, encodePieces, encodeTokens } from './log-message.ts'

/** An encoded message about a job's answer, to be stored and published. */
export interface WrittenMessage {
  readonly jobId: string
  /** The number of the run that made it. */
  readonly run: number
  readonly message: string
}

interface TokenWriterOptions {
  /** Stores and publishes the messages, in order. After a failure all of them are sent again, so some may be sent twice. */
  readonly send: (messages: readonly WrittenMessage[]) => Promise<void>
  /** Called after each attempt that failed. */
  readonly onFailure: (error: unknown) => void
  /** Called when pieces were dropped because too many waited. */
  readonly onOverflow: () => void
}

/** Pieces that arrive within this time are sent together, in milliseconds. */
const WINDOW_MS = 5
/**
 * While many jobs speak, their later pieces wait longer, and more of them share a message. Each message costs a write to Redis,
 * a message to each process with a reader, and a write to each reader (docs/performance.md, "Cluster").
 */
const BUSY = { messages: 16, windowMs: 20 }
const RETRY_MS = 200
/** How much may wait to be sent, in places. 64 runs with 100 tokens a second fill it in five minutes. */
const MAX_WAITING_LENGTH = 8_000_000

/** The pieces of a job that have not been sent. */
interface OpenLog {
  readonly jobId: string
  readonly run: number
  /** Where a run began that took the job over, until that is sent. */
  cutAt: number | undefined
  /** The place where the first of the pieces begins, and the length of the text before it. */
  start: number
  textStart: number
  pieces: PlacedPiece[]
  /** The places that the answer has with the pieces, and the length of its text. */
  end: number
  textEnd: number
  /** Whether the answer is one text until here, which processes of every version can read. */
  isText: boolean
  /** Whether this process has a piece of it. */
  hasBegun: boolean
  hasEnded: boolean
  final: FinalEvent | undefined
}

/**
 * Sends the pieces of all jobs that run in this process. A piece after an idle time is sent at once; pieces within 5 ms are
 * sent together, and while many jobs speak, pieces within 20 ms, except for the first piece of a job and for its end. Runs never wait for it: pieces that cannot be sent are kept, and dropped when they become too many. Readers
 * then get the answer from the record.
 */
export class TokenWriter {
  readonly #options: TokenWriterOptions
  readonly #logs = new Map<string, OpenLog>()
  readonly #changed = new Set<OpenLog>()
  #waitingLength = 0
  #sentAt = Number.NEGATIVE_INFINITY
  /** When sending may be tried again after a failure. */
  #retryAt = Number.NEGATIVE_INFINITY
  /** The time between two sendings, unless something urgent waits, in milliseconds. */
  #windowMs = WINDOW_MS
  /** Whether the first piece of a job waits, or its end. */
  #isUrgent = false
  /** When the next sending is due. Infinite if none is scheduled. */
  #dueAt = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #sending: Promise<void> | undefined

  constructor(options: TokenWriterOptions) {
    this.#options = options
  }

  append(jobId: string, piece: Piece, place: number, part: number, run: number): void {
    const log = this.#log(jobId, { length: place, textLength: place }, run)
    const known = log.end - place
    const length = placesOf(piece)
    // What lies behind a gap would be unreadable, and the record will have it. A piece of no length begins or closes a part.
    if (log.run > run || known < 0 || (known >= length && (length > 0 || known > 0))) return
    const added = known === 0 ? piece : withoutFirst(piece, known)
    const isText = part === 0 && (typeof piece === 'string' || (piece.type === 'text' && piece.carry === undefined))
    log.isText &&= isText
    const isFirst = !log.hasBegun
    log.hasBegun = true
    log.pieces.push({ piece: added, part })
    log.end += length - known
    if (isTextPiece(piece)) log.textEnd += length - known
    this.#waitingLength += length - known
    this.#touch(log, isFirst)
  }

  /** @param stored how long the answer is with which the run begins */
  takeOver(jobId: string, stored: LogLength, run: number): void {
    const log = this.#log(jobId, stored, run)
    if (log.run > run) return
    log.cutAt = stored.length
    this.#touch(log, true)
  }

  end(jobId: string, run: number, final?: FinalEvent): void {
    const log = this.#log(jobId, EMPTY, run)
    if (log.run > run) return
    log.hasEnded = true
    log.final = final
    this.#logs.delete(jobId)
    this.#touch(log, true)
  }

  /** Sends the pieces that wait, in one attempt, and nothing after that. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#sending
    await this.#send()
  }

  /** The log of the job's latest run. A run that is later than those before begins at the place. */
  #log(jobId: string, stored: LogLength, run: number): OpenLog {
    let log = this.#logs.get(jobId)
    if (!log || log.run < run) {
      log = openLog(jobId, stored, run)
      this.#logs.set(jobId, log)
    }
    return log
  }

  #touch(log: OpenLog, isUrgent: boolean): void {
    this.#changed.add(log)
    this.#isUrgent ||= isUrgent
    if (!this.#sending) this.#schedule(this.#nextAt())
  }

  #nextAt(): number {
    return Math.max(this.#retryAt, this.#sentAt + (this.#isUrgent ? WINDOW_MS : this.#windowMs))
  }

  /** Sends at a time, unless it sends before. */
  #schedule(time: number): void {
    const now = performance.now()
    const dueAt = Math.max(time, now)
    if (this.#isStopped || dueAt >= this.#dueAt) return
    clearTimeout(this.#timer)
    this.#dueAt = dueAt
    // Never synchronously: pieces that the vendor sent in one chunk arrive in the same turn of the event loop.
    if (dueAt > now) this.#timer = setTimeout(this.#sendNow, dueAt - now)
    else setImmediate(this.#sendNow)
  }

  readonly #sendNow = (): void => {
    if (this.#isStopped) return
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#isUrgent = false
    this.#sending = this.#send().then(() => {
      this.#sending = undefined
      if (this.#changed.size > 0) this.#schedule(this.#nextAt())
    })
  }

  async #send(): Promise<void> {
    const logs = [...this.#changed]
    this.#changed.clear()
    if (logs.length === 0) return
    const taken = logs.map((log) => ({ log, pieces: takePieces(log), hasEnded: log.hasEnded }))
    const messages = taken.flatMap(({ log, pieces, hasEnded }) => messagesOf(log, pieces, hasEnded))
    this.#sentAt = performance.now()
    this.#windowMs = messages.length < BUSY.messages ? WINDOW_MS : BUSY.windowMs
    try {
      await this.#options.send(messages)
      for (const { log, pieces } of taken) {
        log.cutAt = undefined
        this.#drop(log, pieces)
      }
    } catch (error) {
      this.#options.onFailure(error)
      for (const { log, pieces } of taken) {
        log.pieces = [...pieces, ...log.pieces]
        this.#changed.add(log)
      }
      this.#retryAt = performance.now() + RETRY_MS
      this.#boundWaiting()
    }
  }

  /** Moves the start of the log behind pieces that were sent or dropped. */
  #drop(log: OpenLog, pieces: readonly PlacedPiece[]): void {
    for (const { piece } of pieces) {
      const length = placesOf(piece)
      log.start += length
      if (isTextPiece(piece)) log.textStart += length
      this.#waitingLength -= length
    }
  }

  /** Drops all pieces when too many wait. Readers notice the gap and wait for the record. */
  #boundWaiting(): void {
    if (this.#waitingLength <= MAX_WAITING_LENGTH) return
    this.#options.onOverflow()
    for (const log of this.#changed) this.#drop(log, takePieces(log))
  }
}

const EMPTY: LogLength = { length: 0, textLength: 0 }

function openLog(jobId: string, { length, textLength }: LogLength, run: number): OpenLog {
  return {
    jobId,
    run,
    cutAt: undefined,
    start: length,
    textStart: textLength,
    pieces: [],
    end: length,
    textEnd: textLength,
    isText: length === textLength,
    hasBegun: false,
    hasEnded: false,
    final: undefined,
  }
}

function takePieces(log: OpenLog): readonly PlacedPiece[] {
  const { pieces } = log
  log.pieces = []
  return pieces
}

/** The messages about pieces of a log, in the order in which they are published. */
function messagesOf(log: OpenLog, pieces: readonly PlacedPiece[], hasEnded: boolean): WrittenMessage[] {
  const { jobId, run, cutAt, start, textStart, isText, final } = log
  const messages: string[] = []
  if (cutAt !== undefined) messages.push(encodeCut(cutAt, run))
  if (!isText) {
    // At the end also without pieces: it says how long the answer is, and the end only says how long the text is.
    if (pieces.length > 0 || hasEnded) messages.push(encodePieces(start, textStart, pieces))
  } else if (pieces.length > 0)
    messages.push(
      encodeTokens(
        start,
        pieces.map(({ piece }) => textOf(piece)),
      ),
    )
  if (hasEnded) messages.push(encodeEnd(textLengthOf(log), final))
  return messages.map((message) => ({ jobId, run, message }))
}

function isTextPiece(piece: Piece): boolean {
  return typeof piece === 'string' || piece.type === 'text'
}

/** The rest of a piece whose beginning the log has. */
function withoutFirst(piece: Piece, length: number): Piece {
  if (typeof piece === 'string') return piece.slice(length)
  return 'text' in piece ? { ...piece, text: piece.text.slice(length) } : piece
}

/**
 * The length of the whole text, with the pieces at its end. Undefined if this process wrote no piece: it only ends the log of
 * another process.
 */
function textLengthOf({ end, textEnd }: OpenLog): number | undefined {
  return end > 0 ? textEnd : undefined
}
