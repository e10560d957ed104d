import type { FinalEvent } from '@promptlab/contract'
import { Waker } from '../base/waker.ts'
import type { LogPiece } from '../jobs/answer/log-piece.ts'
import { type Piece, partTypeOf, placesOf, textOf } from '../jobs/answer/piece.ts'
import type { TokenListener, TokenReader } from '../jobs/ports/token-log.ts'
import type { View } from '../jobs/views/view.ts'
import { LiveLogReader, type ReadableLog } from './live-log-reader.ts'
import { LivePart, textEndIn } from './live-part.ts'

/** The growing answer of one job, and its readers. */
export class LiveLog implements ReadableLog {
  /** The texts of the pieces, not events: an event takes three times the memory, and pieces stay for as long as the job runs. */
  readonly #texts: string[] = []
  /** The place behind each piece. */
  readonly #ends: number[] = []
  readonly #parts: LivePart[] = []
  /** One for each view that has readers. */
  readonly #batches: Batch<unknown>[] = []
  readonly #readers = new Set<Pick<LiveLogReader<unknown>, 'listener' | 'rewind'>>()
  readonly #waker = new Waker(this.#readers, ({ listener }) => listener.onReady())
  #length = 0
  #textLength = 0
  #run = 0
  #hasEnded = false
  #final: FinalEvent | undefined

  get length(): number {
    return this.#length
  }

  get textLength(): number {
    return this.#textLength
  }

  get pieceCount(): number {
    return this.#texts.length
  }

  get texts(): readonly string[] {
    return this.#texts
  }

  /** The place behind each piece. */
  get ends(): readonly number[] {
    return this.#ends
  }

  get parts(): readonly LivePart[] {
    return this.#parts
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** The final event, once the log has ended. Undefined if only the record has it. */
  get final(): FinalEvent | undefined {
    return this.#final
  }

  get readerCount(): number {
    return this.#readers.size
  }

  /**
   * Adds a piece that begins at a place, of which the log may have a part already.
   * @param part the index of the part that the piece belongs to
   * @param run the number of the run that made it
   * @returns false if the piece was refused, because it lies behind a gap or its run is not the latest
   */
  append(piece: Piece, place: number, part: number, run: number): boolean {
    if (run < this.#run || this.#hasEnded) return false
    // A later run goes on where the stored answer ends, and this log may be longer.
    if (run > this.#run) this.takeOver(place, run)
    const known = this.#length - place
    if (known < 0 || part > this.#parts.length) return false
    const length = placesOf(piece)
    if (known < length || part === this.#parts.length) this.#add(piece, part, known)
    if (typeof piece !== 'string' && 'carry' in piece) this.#parts[part]?.take(piece.carry)
    return true
  }

  /** Begins a later run at a place: removes what lies behind it. Does nothing if the run is not later. */
  takeOver(place: number, run: number): void {
    if (run <= this.#run) return
    this.#run = run
    this.#cut(place)
  }

  #add(piece: Piece, index: number, known: number): void {
    const part = this.#parts[index] ?? this.#begin(piece, index)
    const text = textOf(piece)
    const length = placesOf(piece) - known
    if (length <= 0) return
    this.#length += length
    if (part.type === 'text') this.#textLength += length
    this.#texts.push(known === 0 ? text : text.slice(known))
    this.#ends.push(this.#length)
    this.#waker.wakeSoon()
  }

  #begin(piece: Piece, index: number): LivePart {
    const call = typeof piece !== 'string' && piece.type === 'tool-call' ? piece : NO_CALL
    const start = { piece: this.#texts.length, place: this.#length, textLength: this.#textLength }
    const part = new LivePart(index, partTypeOf(piece), call, start, this.#parts.at(-1), this.#textBetween)
    this.#parts.push(part)
    return part
  }

  #cut(place: number): void {
    if (this.#length <= place) return
    while (this.#length > place) {
      const text = this.#texts.pop() ?? ''
      this.#ends.pop()
      const start = this.#ends.at(-1) ?? 0
      const kept = text.slice(0, Math.max(0, place - start))
      if (kept !== '') {
        this.#texts.push(kept)
        this.#ends.push(place)
      }
      this.#length = kept === '' ? start : place
    }
    while ((this.#parts.at(-1)?.start.place ?? 0) > place) this.#parts.pop()
    const last = this.#parts.at(-1)
    this.#textLength = last ? textEndIn(last, this.#length) : 0
    this.#batches.length = 0
    for (const reader of this.#readers) reader.rewind()
  }

  /** The index of the first piece that has something behind a cursor. */
  indexBehind<Event>(view: View<Event>, cursor: number): number {
    let part = 0
    for (let index = 0; index < this.#texts.length; index++) {
      part = this.#partAt(index, part)
      if (view.endOf(this.#pieceOf(index, part)) > cursor) return index
    }
    return this.#texts.length
  }

  /** The events of all pieces from an index on. Until the next piece, all calls for one view get the same objects. */
  eventsFrom<Event>(view: View<Event>, start: number): readonly Event[] {
    const end = this.#texts.length
    const last = this.#batches.find((batch) => isOf(batch, view))
    if (last?.start === start && last.end === end) return last.events
    const events: Event[] = []
    let part = this.#lastPartBefore(start)
    for (let index = start; index < end; index++) {
      part = this.#partAt(index, part)
      view.addEvents(events, this.#pieceOf(index, part))
    }
    if (last) Object.assign(last, { start, end, events })
    else this.#batches.push({ view, start, end, events })
    return events
  }

  /** The piece at an index; undefined if there is none. */
  pieceAt(index: number): LogPiece | undefined {
    if (index >= this.#texts.length) return undefined
    return this.#pieceOf(index, this.#partAt(index, this.#lastPartBefore(index)))
  }

  #lastPartBefore(index: number): number {
    let part = this.#parts.length - 1
    while (part > 0 && (this.#parts[part]?.start.piece ?? 0) > index) part--
    return part
  }

  /** The index of the part that a piece belongs to. @param from a part that begins at or before the piece */
  #partAt(index: number, from: number): number {
    let part = from
    while ((this.#parts[part + 1]?.start.piece ?? Number.POSITIVE_INFINITY) <= index) part++
    return part
  }

  /** Written out, and not a generator: it is called for each token. */
  #pieceOf(index: number, partIndex: number): LogPiece {
    const part = this.#parts[partIndex]
    const text = this.#texts[index]
    const end = this.#ends[index]
    if (part === undefined || text === undefined || end === undefined) throw new Error('The log has no such piece')
    return { kind: part.kindOf(text, index), part, text, end, textEnd: textEndIn(part, end) }
  }

  /** Ends the log, unless a later run than this one goes on with it. */
  end(run: number, final?: FinalEvent): void {
    if (run < this.#run) return
    this.#hasEnded = true
    this.#final = final
    this.#waker.wakeSoon()
  }

  /** @param onDetach called once, when the reader has detached */
  attach<Event>(view: View<Event>, after: number, listener: TokenListener, onDetach: () => void): TokenReader<Event> {
    const reader = new LiveLogReader(this, view, after, listener, () => {
      if (this.#readers.delete(reader)) onDetach()
    })
    this.#readers.add(reader)
    return reader
  }

  /** Tells all readers that the log has been idle, so that they look the record up. */
  notifyIdle(): void {
    for (const reader of this.#readers) reader.listener.onIdle()
  }

  readonly #textBetween = (from: number, to?: number): string => this.#texts.slice(from, to).join('')
}

const NO_CALL = { callId: '', name: '' }

/** The last events that were made for a view, and the pieces they stand for: all readers of a running job ask for the same. */
interface Batch<Event> {
  readonly view: View<Event>
  start: number
  end: number
  events: readonly Event[]
}

function isOf<Event>(batch: Batch<unknown>, view: View<Event>): batch is Batch<Event> {
  return batch.view === view
}
