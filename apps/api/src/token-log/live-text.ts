import type { FinalEvent, TokenEvent } from '@promptlab/contract'
import type { TokenListener, TokenReader } from '../jobs/ports/token-log.ts'
import { wakeAfterReads } from './wake-after-reads.ts'

/** The growing text of one job, and its readers. */
export class LiveText {
  /** Tokens, not events: an event takes three times the memory of its token, and tokens stay for as long as the job runs. */
  readonly #tokens: string[] = []
  /** The place where each token ends, which is its id. */
  readonly #ends: number[] = []
  /** The last events that were made, and the index of the first: all readers of a running job ask for the same events. */
  #batch: { readonly start: number; readonly events: readonly TokenEvent[] } = { start: 0, events: [] }
  readonly #readers = new Set<LiveTextReader>()
  #length = 0
  #run = 0
  #hasEnded = false
  #final: FinalEvent | undefined
  #isWaking = false

  /** In UTF-16 code units. */
  get length(): number {
    return this.#length
  }

  get tokenCount(): number {
    return this.#tokens.length
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** The final event, once the text has ended. Undefined if only the record has it. */
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

  /** The events of all tokens from an index on. Until the next token, all calls get the same objects. */
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

  /** @param onDetach called once, when the reader has detached */
  attach(after: number, listener: TokenListener, onDetach: () => void): TokenReader {
    const reader = new LiveTextReader(this, after, listener, () => {
      if (this.#readers.delete(reader)) onDetach()
    })
    this.#readers.add(reader)
    return reader
  }

  /** Tells all readers that the text has been idle, so that they look the record up. */
  notifyIdle(): void {
    for (const reader of this.#readers) reader.listener.onIdle()
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

/** A reader of a text. It has two numbers and no tokens of its own, so a slow reader takes no more memory than a fast one. */
class LiveTextReader implements TokenReader {
  readonly listener: TokenListener
  readonly detach: () => void
  readonly #text: LiveText
  #cursor: number
  /** The index from which to search for the next token. All tokens before it end at or before the cursor. */
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
    // Only a new reader with a cursor has tokens to skip.
    const events = text.eventsFrom(text.indexBehind(this.#cursor, this.#index))
    const ready = withoutPrefix(events, this.#cursor)
    this.#index = text.tokenCount
    this.#cursor = text.length
    return ready
  }
}

/** The events without the text before the cursor, which may be inside the first token. */
function withoutPrefix(events: readonly TokenEvent[], cursor: number): readonly TokenEvent[] {
  const first = events[0]
  if (!first) return events
  const { token } = first.data
  const start = first.id - token.length
  return cursor <= start ? events : [{ ...first, data: { token: token.slice(cursor - start) } }, ...events.slice(1)]
}
