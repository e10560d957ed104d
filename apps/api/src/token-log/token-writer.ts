import type { FinalEvent } from '@promptlab/contract'
import { encodeEnd, encodePart } from './token-part.ts'

/** A part of a job's text that is to be written and published. */
export interface WrittenPart {
  readonly jobId: string
  readonly part: string
}

interface TokenWriterOptions {
  /** Writes and publishes all parts, in order. What it may have done in part before it failed is repeated. */
  readonly send: (parts: readonly WrittenPart[]) => Promise<void>
  readonly onFailure: (error: unknown) => void
  /** Called when what could not be sent was dropped, as it became too much. */
  readonly onOverflow: () => void
}

/** What comes within this time leaves together, in milliseconds. */
const WINDOW_MS = 5
const RETRY_MS = 200
/** How much text may wait to be sent, in UTF-16 code units: more than all runs make in minutes. */
const MAX_WAITING_LENGTH = 8_000_000

/** The text of a job that runs here, as far as it has not been sent. */
interface OpenText {
  readonly jobId: string
  /** How much of the text comes before the tokens, in UTF-16 code units. */
  start: number
  tokens: string[]
  hasEnded: boolean
  final: FinalEvent | undefined
}

/**
 * Sends the tokens of all jobs that run here: those of a few milliseconds together, one after a silence at once. It holds no
 * run up: what cannot be sent waits, and is given up when it becomes too much, as the record will have it.
 */
export class TokenWriter {
  readonly #options: TokenWriterOptions
  readonly #texts = new Map<string, OpenText>()
  readonly #changed = new Set<OpenText>()
  #waitingLength = 0
  #sentAt = Number.NEGATIVE_INFINITY
  #isScheduled = false
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #sending: Promise<void> | undefined

  constructor(options: TokenWriterOptions) {
    this.#options = options
  }

  append(jobId: string, token: string): void {
    const text = this.#text(jobId)
    text.tokens.push(token)
    this.#waitingLength += token.length
    this.#touch(text)
  }

  end(jobId: string, final?: FinalEvent): void {
    const text = this.#text(jobId)
    text.hasEnded = true
    text.final = final
    this.#texts.delete(jobId)
    this.#touch(text)
  }

  /** Sends what waits, in one attempt, and nothing after that. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#sending
    await this.#send()
  }

  #text(jobId: string): OpenText {
    let text = this.#texts.get(jobId)
    if (!text) {
      text = { jobId, start: 0, tokens: [], hasEnded: false, final: undefined }
      this.#texts.set(jobId, text)
    }
    return text
  }

  #touch(text: OpenText): void {
    this.#changed.add(text)
    if (!this.#isScheduled && !this.#sending) this.#schedule(this.#sentAt + WINDOW_MS - performance.now())
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return
    this.#isScheduled = true
    const send = () => {
      this.#isScheduled = false
      if (this.#isStopped) return
      this.#sending = this.#send().then((nextDelayMs) => {
        this.#sending = undefined
        if (this.#changed.size > 0) this.#schedule(nextDelayMs)
      })
    }
    // Not at once in any case: tokens that the vendor sent in one piece come in one go of microtasks.
    if (delayMs > 0) this.#timer = setTimeout(send, delayMs)
    else setImmediate(send)
  }

  /** @returns after how many milliseconds to send again */
  async #send(): Promise<number> {
    const texts = [...this.#changed]
    this.#changed.clear()
    if (texts.length === 0) return 0
    const taken = texts.map((text) => ({ text, tokens: takeTokens(text), hasEnded: text.hasEnded }))
    const parts: WrittenPart[] = []
    for (const { text, tokens, hasEnded } of taken) {
      const { jobId, start, final } = text
      if (tokens.length > 0) parts.push({ jobId, part: encodePart(start, tokens) })
      if (hasEnded) parts.push({ jobId, part: encodeEnd(lengthOf(text, tokens), final) })
    }
    this.#sentAt = performance.now()
    try {
      await this.#options.send(parts)
      for (const { text, tokens } of taken) this.#drop(text, tokens)
      return this.#sentAt + WINDOW_MS - performance.now()
    } catch (error) {
      this.#options.onFailure(error)
      for (const { text, tokens } of taken) {
        text.tokens = [...tokens, ...text.tokens]
        this.#changed.add(text)
      }
      this.#boundWaiting()
      return RETRY_MS
    }
  }

  /** Tokens that are sent, or given up, count as text that readers know of. */
  #drop(text: OpenText, tokens: readonly string[]): void {
    for (const { length } of tokens) {
      text.start += length
      this.#waitingLength -= length
    }
  }

  /** Readers see that a part is missing, and wait for the record. */
  #boundWaiting(): void {
    if (this.#waitingLength <= MAX_WAITING_LENGTH) return
    this.#options.onOverflow()
    for (const text of this.#changed) this.#drop(text, takeTokens(text))
  }
}

function takeTokens(text: OpenText): readonly string[] {
  const { tokens } = text
  text.tokens = []
  return tokens
}

/** How long the text is with the tokens at its end; unknown if it is one that others wrote and that is only ended here. */
function lengthOf({ start }: OpenText, tokens: readonly string[]): number | undefined {
  const length = tokens.reduce((sum, token) => sum + token.length, start)
  return length > 0 ? length : undefined
}
