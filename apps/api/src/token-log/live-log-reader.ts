import type { FinalEvent } from '@promptlab/contract'
import type { LogLength } from '../jobs/answer/log-length.ts'
import type { LogPiece } from '../jobs/answer/log-piece.ts'
import type { TokenListener, TokenReader } from '../jobs/ports/token-log.ts'
import type { View } from '../jobs/views/view.ts'

/** The log of a `LiveLogReader`. */
export interface ReadableLog extends LogLength {
  readonly pieceCount: number
  readonly hasEnded: boolean
  readonly final: FinalEvent | undefined
  /** The index of the first piece that has something behind a cursor. */
  indexBehind<Event>(view: View<Event>, cursor: number): number
  pieceAt(index: number): LogPiece | undefined
  /** The events of all pieces from an index on. */
  eventsFrom<Event>(view: View<Event>, start: number): readonly Event[]
}

/** A reader of a log. It has two numbers and no pieces of its own, so a slow reader takes no more memory than a fast one. */
export class LiveLogReader<Event> implements TokenReader<Event> {
  readonly listener: TokenListener
  readonly detach: () => void
  readonly #log: ReadableLog
  readonly #view: View<Event>
  #cursor: number
  /** The index of the next piece. Undefined until it is searched for: only a new reader with a cursor has pieces to skip. */
  #index: number | undefined

  constructor(log: ReadableLog, view: View<Event>, after: number, listener: TokenListener, detach: () => void) {
    this.#log = log
    this.#view = view
    this.#cursor = after
    this.listener = listener
    this.detach = detach
    this.#index = after === 0 ? 0 : undefined
  }

  get cursor(): number {
    return this.#cursor
  }

  get hasEnded(): boolean {
    return this.#log.hasEnded
  }

  /** Searches for the next piece again, because the log was cut. */
  rewind(): void {
    this.#index = undefined
  }

  get final(): FinalEvent | undefined {
    return this.#log.final
  }

  read(): readonly Event[] {
    const log = this.#log
    const view = this.#view
    const length = view.lengthOf(log)
    if (length <= this.#cursor) return []
    const events =
      this.#index === undefined
        ? this.#firstEvents(log.indexBehind(view, this.#cursor))
        : log.eventsFrom(view, this.#index)
    this.#index = log.pieceCount
    this.#cursor = length
    return events
  }

  /** The events from a piece on, without what lies before the cursor, which may be inside the piece. */
  #firstEvents(index: number): readonly Event[] {
    const events = this.#log.eventsFrom(this.#view, index)
    const first = this.#log.pieceAt(index)
    const rest = first && this.#view.behind(first, this.#cursor)
    if (!rest || rest === first) return events
    const [ofFirst, ofRest]: [Event[], Event[]] = [[], []]
    this.#view.addEvents(ofFirst, first)
    this.#view.addEvents(ofRest, rest)
    return [...ofRest, ...events.slice(ofFirst.length)]
  }
}
