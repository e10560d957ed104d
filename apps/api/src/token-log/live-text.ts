import type { FinalEvent, TokenEvent } from '@promptlab/contract'
import type { TokenListener, TokenReader } from '../jobs/ports/token-log.ts'
import { wakeAfterReads } from './wake-ups.ts'

/** The growing text of one job, and its readers. */
export class LiveText {
  /**
   * Not as events: what stays for as long as the job is what the garbage collector has to carry, and an event takes three
   * times the memory of its token.
   */
  readonly #tokens: string[] = []
  /** Where each token ends: its id. */
  readonly #ends: number[] = []
  /** The events that were asked for last, and the index of the first: all readers of a live job ask for the same. */
  #batch: { readonly start: number; readonly events: readonly TokenEvent[] } = { start: 0, events: [] }
  readonly #readers = new Set<LiveTextReader>()
  #length = 0
  #run = 0
  #hasEnded = false
  #final: FinalEvent | undefined
  #isWaking = false

  /** Its length in UTF-16 code units. */
  get length(): number {
    return this.#length
  }

  /** How many tokens it has. */
  get tokenCount(): number {
    return this.#tokens.length
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** What comes behind the last token; undefined while there may be more, and where only the record knows. */
  get final(): FinalEvent | undefined {
    return this.#final
  }

  get readerCount(): number {
    return this.#readers.size
  }

  /**
   * Adds a token that begins at a place, of which the text may have a part already.
   * @param run the number of the run that made it
   * @returns false if the token was refused, because it lies behind a gap or its run is not the latest
   */
  append(token: string, place: number, run: number): boolean {
    if (run < this.#run || this.#hasEnded) return false
    // A later run goes on where the store's text ends, and this text may be longer.
    if (run > this.#run) this.takeOver(place, run)
    const known = this.#length - place
    if (known < 0) return false
    if (known < token.length) this.#add(known === 0 ? token : token.slice(known))
    return true
  }

  /** Begins a later run at a place: removes the text behind the place. Does nothing if the run is not later. */
  takeOver(place: number, run: number): void {
    if (run <= this.#run) return
    this.#run = run
    this.#cut(place)
  }

  #add(token: string): void {
    this.#length += token.length
    this.#tokens.push(token)
    this.#ends.push(this.#length)
    this.#wakeSoon()
  }

  #cut(place: number): void {
    if (this.#length <= place) return
    while (this.#length > place) {
      const token = this.#tokens.pop() ?? ''
      this.#ends.pop()
      const start = this.#length - token.length
      this.#length = start
      if (start < place) this.#add(token.slice(0, place - start))
    }
    this.#batch = { start: 0, events: [] }
    for (const reader of this.#readers) reader.rewind()
  }

  /** The index of the first token at or after `start` that ends behind the cursor. */
  indexBehind(cursor: number, start: number): number {
    let index = start
    for (let end = this.#ends[index]; end !== undefined && end <= cursor; end = this.#ends[index]) index++
    return index
  }

  /** The events of all tokens from an index on; the same objects for everybody who asks before the next token. */
  eventsFrom(start: number): readonly TokenEvent[] {
    if (start !== this.#batch.start || start + this.#batch.events.length !== this.#tokens.length) {
      const events = this.#tokens
        .slice(start)
        .map((token, index): TokenEvent => ({ event: 'token', id: this.#ends[start + index] ?? 0, data: { token } }))
      this.#batch = { start, events }
    }
    return this.#batch.events
  }

  /** Ends the text, unless a later run than this one goes on with it. */
  end(run: number, final?: FinalEvent): void {
    if (run < this.#run) return
    this.#hasEnded = true
    this.#final = final
    this.#wakeSoon()
  }

  /** @param onDetach called once, when the reader has given up its place */
  attach(after: number, listener: TokenListener, onDetach: () => void): TokenReader {
    const reader = new LiveTextReader(this, after, listener, () => {
      if (this.#readers.delete(reader)) onDetach()
    })
    this.#readers.add(reader)
    return reader
  }

  /** Has every reader look at the record. */
  doubt(): void {
    for (const reader of this.#readers) reader.listener.onDoubt()
  }

  #wakeSoon(): void {
    if (this.#isWaking || this.#readers.size === 0) return
    this.#isWaking = true
    wakeAfterReads(this.#wake)
  }

  readonly #wake = (): void => {
    this.#isWaking = false
    for (const reader of this.#readers) reader.listener.onReady()
  }
}

/** A place in a text: two numbers. It keeps no tokens of its own, however slowly it reads. */
class LiveTextReader implements TokenReader {
  readonly listener: TokenListener
  readonly detach: () => void
  readonly #text: LiveText
  #cursor: number
  /** Where to look for the next token: all before it end at or before the cursor. */
  #index = 0

  constructor(text: LiveText, after: number, listener: TokenListener, detach: () => void) {
    this.#text = text
    this.#cursor = after
    this.listener = listener
    this.detach = detach
  }

  get hasEnded(): boolean {
    return this.#text.hasEnded
  }

  /** Searches for the next token from the start again, because the text was cut. */
  rewind(): void {
    this.#index = 0
  }

  get final(): FinalEvent | undefined {
    return this.#text.final
  }

  read(): readonly TokenEvent[] {
    const text = this.#text
    if (text.length <= this.#cursor) return []
    // Only a reader that has just come with a cursor has anything to skip.
    const events = text.eventsFrom(text.indexBehind(this.#cursor, this.#index))
    const ready = withoutPrefix(events, this.#cursor)
    this.#index = text.tokenCount
    this.#cursor = text.length
    return ready
  }
}

/** The events without what lies before the cursor, which may be inside the first token. */
function withoutPrefix(events: readonly TokenEvent[], cursor: number): readonly TokenEvent[] {
  const first = events[0]
  if (!first) return events
  const { token } = first.data
  const start = first.id - token.length
  return cursor <= start ? events : [{ ...first, data: { token: token.slice(cursor - start) } }, ...events.slice(1)]
}
