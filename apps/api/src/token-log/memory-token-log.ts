import type { TokenEvent } from '@promptlab/contract'
import type { TokenLog, TokenReader } from '../jobs/token-log.ts'

/** Token log of a single process. It holds a job's tokens while the job runs or is being read. */
export class MemoryTokenLog implements TokenLog {
  readonly #texts = new Map<string, LiveText>()

  /** How many jobs have text or readers here. */
  get size(): number {
    return this.#texts.size
  }

  append(jobId: string, token: string): void {
    this.#text(jobId).append(token)
  }

  async close(jobId: string): Promise<void> {
    // Attached readers hold the text itself and read on; whoever comes later is served from the repository.
    this.#texts.get(jobId)?.end()
    this.#texts.delete(jobId)
  }

  attach(jobId: string, after: number): TokenReader {
    const text = this.#text(jobId)
    return new Reader(text, after, () => {
      // Nobody reads it and nothing was written: it only stood for a job that someone asked about.
      const isUnused = text.readers.size === 0 && text.tokens.length === 0
      if (isUnused && this.#texts.get(jobId) === text) this.#texts.delete(jobId)
    })
  }

  #text(jobId: string): LiveText {
    let text = this.#texts.get(jobId)
    if (!text) {
      text = new LiveText()
      this.#texts.set(jobId, text)
    }
    return text
  }
}

class LiveText {
  readonly tokens: TokenEvent[] = []
  readonly readers = new Set<Reader>()
  hasEnded = false
  #length = 0

  append(token: string): void {
    this.#length += token.length
    this.tokens.push({ event: 'token', id: this.#length, data: { token } })
    this.#wakeReaders()
  }

  end(): void {
    this.hasEnded = true
    this.#wakeReaders()
  }

  #wakeReaders(): void {
    for (const reader of this.readers) reader.wake()
  }
}

/** A place in a text: two numbers. It keeps no tokens of its own, however slowly it reads. */
class Reader implements TokenReader {
  readonly #text: LiveText
  readonly #onDetach: () => void
  #cursor: number
  /** Where to look for the next token: all before it end at or before the cursor. */
  #index = 0
  #isDetached = false
  #wake: (() => void) | undefined

  constructor(text: LiveText, after: number, onDetach: () => void) {
    this.#text = text
    this.#cursor = after
    this.#onDetach = onDetach
    text.readers.add(this)
  }

  async next(): Promise<readonly TokenEvent[] | undefined> {
    while (!this.#isDetached) {
      const ready = this.#take()
      if (ready.length > 0) return ready
      if (this.#text.hasEnded) return undefined
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
    }
    return undefined
  }

  detach(): void {
    if (this.#isDetached) return
    this.#isDetached = true
    this.#text.readers.delete(this)
    this.wake()
    this.#onDetach()
  }

  wake(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  #take(): readonly TokenEvent[] {
    const { tokens } = this.#text
    // Only a reader that has just come with a cursor has anything to skip.
    while ((tokens[this.#index]?.id ?? Number.POSITIVE_INFINITY) <= this.#cursor) this.#index++
    const [first, ...rest] = tokens.slice(this.#index)
    if (!first) return []
    const ready = [withoutPrefix(first, this.#cursor), ...rest]
    this.#index = tokens.length
    this.#cursor = tokens.at(-1)?.id ?? this.#cursor
    return ready
  }
}

/** The part of the token behind the cursor: a cursor may lie inside a token. */
function withoutPrefix(event: TokenEvent, cursor: number): TokenEvent {
  const { token } = event.data
  const start = event.id - token.length
  return cursor <= start ? event : { ...event, data: { token: token.slice(cursor - start) } }
}
