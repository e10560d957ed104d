import type { FinalEvent } from '@promptlab/contract'
import { encodeCut, encodeEnd, encodePart } from './token-part.ts'

/** An encoded part of a job's text, to be stored and published. */
export interface WrittenPart {
  readonly jobId: string
  /** The number of the run that made it. */
  readonly run: number
  readonly part: string
}

interface TokenWriterOptions {
  /** Stores and publishes the parts, in order. After a failure all parts are sent again, so some may be sent twice. */
  readonly send: (parts: readonly WrittenPart[]) => Promise<void>
  /** Called after each attempt that failed. */
  readonly onFailure: (error: unknown) => void
  /** Called when tokens were dropped because too many waited. */
  readonly onOverflow: () => void
}

/** Tokens that arrive within this time are sent together, in milliseconds. */
const WINDOW_MS = 5
const RETRY_MS = 200
/** How much text may wait to be sent, in UTF-16 code units. 64 runs with 100 tokens a second fill it in five minutes. */
const MAX_WAITING_LENGTH = 8_000_000

/** The tokens of a job that have not been sent. */
interface OpenText {
  readonly jobId: string
  readonly run: number
  /** Where a run began that took the job over, until that is sent. */
  cutAt: number | undefined
  /** The place where the first of the tokens begins, in UTF-16 code units. */
  start: number
  tokens: string[]
  /** How much of the text there is with the tokens, in UTF-16 code units. */
  end: number
  hasEnded: boolean
  final: FinalEvent | undefined
}

/**
 * Sends the tokens of all jobs that run in this process. A token after an idle time is sent at once; tokens within 5 ms are
 * sent together. Runs never wait for it: tokens that cannot be sent are kept, and dropped when they become too many. Readers
 * then get the text from the record.
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

  append(jobId: string, token: string, place: number, run: number): void {
    const text = this.#text(jobId, place, run)
    const known = text.end - place
    // Text behind a gap would be unreadable, and the record will have it.
    if (text.run > run || known < 0 || known >= token.length) return
    const added = known === 0 ? token : token.slice(known)
    text.tokens.push(added)
    text.end += added.length
    this.#waitingLength += added.length
    this.#touch(text)
  }

  /** @param place where the run begins, in UTF-16 code units */
  takeOver(jobId: string, place: number, run: number): void {
    const text = this.#text(jobId, place, run)
    if (text.run > run) return
    text.cutAt = place
    this.#touch(text)
  }

  end(jobId: string, run: number, final?: FinalEvent): void {
    const text = this.#text(jobId, 0, run)
    if (text.run > run) return
    text.hasEnded = true
    text.final = final
    this.#texts.delete(jobId)
    this.#touch(text)
  }

  /** Sends the tokens that wait, in one attempt, and nothing after that. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#sending
    await this.#send()
  }

  /** The text of the job's latest run. A run that is later than those before begins at the place. */
  #text(jobId: string, place: number, run: number): OpenText {
    let text = this.#texts.get(jobId)
    if (!text || text.run < run) {
      text = { jobId, run, cutAt: undefined, start: place, tokens: [], end: place, hasEnded: false, final: undefined }
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
    // Never synchronously: tokens that the vendor sent in one chunk arrive in the same turn of the event loop.
    if (delayMs > 0) this.#timer = setTimeout(send, delayMs)
    else setImmediate(send)
  }

  /** @returns the pause before the next sending, in milliseconds */
  async #send(): Promise<number> {
    const texts = [...this.#changed]
    this.#changed.clear()
    if (texts.length === 0) return 0
    const taken = texts.map((text) => ({ text, tokens: takeTokens(text), hasEnded: text.hasEnded }))
    const parts: WrittenPart[] = []
    for (const { text, tokens, hasEnded } of taken) {
      const { jobId, run, cutAt, start, final } = text
      if (cutAt !== undefined) parts.push({ jobId, run, part: encodeCut(cutAt, run) })
      if (tokens.length > 0) parts.push({ jobId, run, part: encodePart(start, tokens) })
      if (hasEnded) parts.push({ jobId, run, part: encodeEnd(lengthOf(text), final) })
    }
    this.#sentAt = performance.now()
    try {
      await this.#options.send(parts)
      for (const { text, tokens } of taken) {
        text.cutAt = undefined
        this.#drop(text, tokens)
      }
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

  /** Moves the start of the text behind tokens that were sent or dropped. */
  #drop(text: OpenText, tokens: readonly string[]): void {
    for (const { length } of tokens) {
      text.start += length
      this.#waitingLength -= length
    }
  }

  /** Drops all tokens when too many wait. Readers notice the gap and wait for the record. */
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

/**
 * The length of the whole text, with the tokens at its end. Undefined if this process wrote no token: it only ends the text of
 * another process.
 */
function lengthOf({ end }: OpenText): number | undefined {
  return end > 0 ? end : undefined
}
