import type { FinalEvent, TokenEvent } from '@promptlab/contract'
import type { TokenListener, TokenReader } from '../jobs/ports/token-log.ts'
import { wakeAfterReads } from './wake-ups.ts'

/** The growing text of one job and those who read it. */
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

  append(token: string): void {
    this.#length += token.length
    this.#tokens.push(token)
    this.#ends.push(this.#length)
    this.#wakeSoon()
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

  end(final?: FinalEvent): void {
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
