import type { AnyStreamEvent } from '@promptlab/contract'
import type { LogPiece } from '../answer/log-piece.ts'
import { MAX_BLOCK_LENGTH, type TimedPiece, tapedPieces } from '../answer/recorded-pieces.ts'
import type { StoredFinalJob } from '../job.ts'
import type { View } from '../views/view.ts'

/** The events of a job that has ended, from its record. */
export interface StoredEvents<Event = AnyStreamEvent> {
  /** Whether no more events will come. */
  readonly isDone: boolean
  /** The events that are ready. */
  read(): readonly Event[]
  /** Harmless when repeated. */
  close(): void
}

/** The most events that one read gives, because many short pieces take more memory than their text. */
const MAX_EVENTS = 1_000
const LONGEST_TIMER_MS = 2_147_483_647

/** The events behind a cursor, as fast as they are read. Many come in several reads, as the reader has room. */
export class StoredReplay<Event> implements StoredEvents<Event> {
  readonly #job: StoredFinalJob
  readonly #view: View<Event>
  readonly #pieces: Iterator<LogPiece>
  #isDone = false

  constructor(job: StoredFinalJob, view: View<Event>, cursor: number) {
    this.#job = job
    this.#view = view
    this.#pieces = view.replay(job, cursor)[Symbol.iterator]()
  }

  get isDone(): boolean {
    return this.#isDone
  }

  read(): readonly Event[] {
    const events: Event[] = []
    for (let length = 0; length < MAX_BLOCK_LENGTH && events.length < MAX_EVENTS; ) {
      const next = this.#pieces.next()
      if (next.done) {
        this.#isDone = true
        return [...events, this.#view.endOfRecord(this.#job)]
      }
      this.#view.addEvents(events, next.value)
      length += next.value.text.length
    }
    return events
  }

  close(): void {}
}

/** The events behind a cursor with the timing of the run. The time begins at the cursor. */
export class TimedReplay<Event> implements StoredEvents<Event> {
  readonly #job: StoredFinalJob
  readonly #view: View<Event>
  readonly #speed: number
  readonly #onReady: () => void
  readonly #pieces: Iterator<TimedPiece, undefined>
  #cursor: number
  #next: TimedPiece | undefined
  /** When the next piece is due, on the clock of `performance.now`. */
  #dueAt = performance.now()
  #timer: NodeJS.Timeout | undefined
  #isDone = false

  /**
   * @param speed how many times as fast as the run
   * @param onReady called when events have become ready
   */
  constructor(job: StoredFinalJob, view: View<Event>, cursor: number, speed: number, onReady: () => void) {
    this.#job = job
    this.#view = view
    this.#cursor = cursor
    this.#speed = speed
    this.#onReady = onReady
    this.#pieces = tapedPieces(job, view.placeOf(job, cursor))
    this.#advance()
  }

  get isDone(): boolean {
    return this.#isDone
  }

  read(): readonly Event[] {
    const events: Event[] = []
    while (this.#next && this.#dueAt <= performance.now() && events.length < MAX_EVENTS) {
      this.#view.addEvents(events, this.#next.piece)
      this.#advance()
    }
    if (!this.#next) {
      this.#isDone = true
      return [...events, this.#view.endOfRecord(this.#job)]
    }
    if (events.length === 0) this.#wait()
    return events
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  /** Goes on to the next piece of the view that lies behind the cursor. */
  #advance(): void {
    let isBehind = this.#next !== undefined
    for (let next = this.#pieces.next(); !next.done; next = this.#pieces.next()) {
      const { piece, ms } = next.value
      if (isBehind) this.#dueAt += ms / this.#speed
      const rest = this.#view.behind(piece, this.#cursor)
      if (!rest) continue
      isBehind = true
      this.#cursor = this.#view.endOf(piece)
      this.#next = { piece: rest, ms }
      return
    }
    this.#next = undefined
  }

  #wait(): void {
    clearTimeout(this.#timer)
    // A longer timer would fire at once. A piece that is due later is waited for again.
    const delayMs = Math.min(Math.max(0, this.#dueAt - performance.now()), LONGEST_TIMER_MS)
    this.#timer = setTimeout(this.#onReady, delayMs)
  }
}
