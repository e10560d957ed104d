import type { FinalEvent } from '@promptlab/contract'
import type { TokenListener, TokenLog, TokenReader } from '../jobs/ports/token-log.ts'
import { LiveText } from './live-text.ts'

interface MemoryTokenLogOptions {
  /** How long the text of an ended job is kept, in milliseconds. The default is one minute. */
  graceMs: number
  /**
   * How much text of ended jobs is kept in all, in UTF-16 code units. The oldest text is dropped first. The default is four
   * million.
   */
  maxKeptLength: number
}

/**
 * The token log of a single process. It has the tokens of jobs that are running or being read. It keeps them for a minute
 * after the end, so that a reader that attaches just after the end still gets the tokens as they were streamed.
 */
export class MemoryTokenLog implements TokenLog {
  readonly #options: MemoryTokenLogOptions
  readonly #texts = new Map<string, LiveText>()
  /** Texts that have ended, oldest first, each with the timer that drops it. */
  readonly #ended = new Map<string, { readonly text: LiveText; readonly expiry: NodeJS.Timeout }>()
  #keptLength = 0

  constructor(options: MemoryTokenLogOptions = { graceMs: 60_000, maxKeptLength: 4_000_000 }) {
    this.#options = options
  }

  /** The number of jobs that have text or readers here. */
  get size(): number {
    return this.#texts.size
  }

  /** The number of attached readers. */
  get readerCount(): number {
    let count = 0
    for (const text of this.#texts.values()) count += text.readerCount
    return count
  }

  append(jobId: string, token: string, place: number, run: number): void {
    this.#text(jobId).append(token, place, run)
  }

  takeOver(jobId: string, place: number, run: number): void {
    this.#texts.get(jobId)?.takeOver(place, run)
  }

  async close(jobId: string, run: number, final?: FinalEvent): Promise<void> {
    const text = this.#texts.get(jobId)
    if (!text || text.hasEnded) return
    text.end(run, final)
    if (text.hasEnded) this.#keep(jobId, text)
  }

  attach(jobId: string, after: number, listener: TokenListener): TokenReader {
    const text = this.#text(jobId)
    return text.attach(after, listener, () => {
      // This text was only created for readers, and has none any more.
      if (text.readerCount === 0 && text.length === 0 && !text.hasEnded) this.#texts.delete(jobId)
    })
  }

  async stop(): Promise<void> {
    for (const jobId of this.#ended.keys()) this.#drop(jobId)
  }

  #text(jobId: string): LiveText {
    let text = this.#texts.get(jobId)
    if (!text) {
      text = new LiveText()
      this.#texts.set(jobId, text)
    }
    return text
  }

  #keep(jobId: string, text: LiveText): void {
    const expiry = setTimeout(() => this.#drop(jobId), this.#options.graceMs).unref()
    this.#ended.set(jobId, { text, expiry })
    this.#keptLength += text.length
    for (const oldest of this.#ended.keys()) {
      if (this.#keptLength <= this.#options.maxKeptLength) break
      this.#drop(oldest)
    }
  }

  /** Attached readers keep the text and read on. Later readers get the text from the record. */
  #drop(jobId: string): void {
    const kept = this.#ended.get(jobId)
    if (!kept) return
    clearTimeout(kept.expiry)
    this.#ended.delete(jobId)
    this.#texts.delete(jobId)
    this.#keptLength -= kept.text.length
  }
}
