import type { TokenEvent } from '@promptlab/contract'
import type { TokenListener, TokenReader } from '../jobs/token-log.ts'

/** The growing text of one job and those who read it. */
export class LiveText {
  readonly #tokens: TokenEvent[] = []
  readonly #readers = new Set<LiveTextReader>()
  #length = 0
  #hasEnded = false
  #isWaking = false

  /** Its length in UTF-16 code units. */
  get length(): number {
    return this.#length
  }

  get tokens(): readonly TokenEvent[] {
    return this.#tokens
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  get readerCount(): number {
    return this.#readers.size
  }

  append(token: string): void {
    this.#length += token.length
    this.#tokens.push({ event: 'token', id: this.#length, data: { token } })
    this.#wakeSoon()
  }

  end(): void {
    this.#hasEnded = true
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

  /**
   * A tick later: tokens that came in one chunk of the vendor's stream are appended in one go of microtasks, and are to
   * reach each reader together. A lone token waits for nothing but that.
   */
  #wakeSoon(): void {
    if (this.#isWaking || this.#readers.size === 0) return
    this.#isWaking = true
    process.nextTick(() => {
      this.#isWaking = false
      for (const reader of this.#readers) reader.listener.onReady()
    })
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

  read(): readonly TokenEvent[] {
    const { tokens, length } = this.#text
    if (length <= this.#cursor) return []
    let index = this.#index
    // Only a reader that has just come with a cursor has anything to skip.
    for (let id = tokens[index]?.id; id !== undefined && id <= this.#cursor; id = tokens[index]?.id) index++
    const ready = tokens.slice(index)
    const first = ready[0]
    if (first) ready[0] = withoutPrefix(first, this.#cursor)
    this.#index = tokens.length
    this.#cursor = length
    return ready
  }
}

/** The part of the token behind the cursor: a cursor may lie inside a token. */
function withoutPrefix(event: TokenEvent, cursor: number): TokenEvent {
  const { token } = event.data
  const start = event.id - token.length
  return cursor <= start ? event : { ...event, data: { token: token.slice(cursor - start) } }
}
