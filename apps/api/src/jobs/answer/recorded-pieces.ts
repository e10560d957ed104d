import type { LogPart, LogPiece, LogPieceKind } from './log-piece.ts'
import { answerLength, partsOf, type StoredAnswer, type StoredPart, textOfPart } from './stored-answer.ts'
import { decodeTape, entriesOf } from './tape.ts'

/**
 * The longest piece that is made of stored text, in UTF-16 code units. Longer text comes in several pieces, so that a slow
 * reader that is cut off has made progress.
 */
export const MAX_BLOCK_LENGTH = 65_536

/** A piece of a stored answer, and the time since the piece before, in milliseconds. */
export interface TimedPiece {
  readonly piece: LogPiece
  readonly ms: number
}

/** A text in blocks behind a place. It does not matter which parts the text is made of. */
export function* blocksOfText(result: string, start: number): Generator<LogPiece> {
  const part = logPart({ type: 'text', length: result.length }, 0, undefined, result)
  for (let at = start; at < result.length; at += MAX_BLOCK_LENGTH) {
    const text = result.slice(at, at + MAX_BLOCK_LENGTH)
    const end = at + text.length
    yield { kind: 'text', part, text, end, textEnd: end }
  }
}

/** Decoded once for all readers of a record. */
const TAPES = new WeakMap<StoredAnswer, Uint8Array>()

function tapeOf(answer: StoredAnswer): Uint8Array {
  const tape = TAPES.get(answer) ?? decodeTape(answer.tape ?? '')
  TAPES.set(answer, tape)
  return tape
}

/**
 * The pieces of a stored answer as they came in its run. What the tape does not have comes in blocks.
 * @param start a place in the answer: pieces that end there or before are left out, whole
 */
export function* tapedPieces(answer: StoredAnswer, start = 0): Generator<TimedPiece> {
  if (start > 0 && start >= answerLength(answer)) return
  const pieces = new PieceCutter(answer)
  let ms = 0
  /** The place behind the pieces that are left out, as long as there are only such. */
  let skipped = start > 0 ? 0 : undefined
  for (const entry of entriesOf(tapeOf(answer))) {
    ms += entry.ms
    if (skipped !== undefined && skipped + entry.length <= start) {
      skipped += entry.length
      continue
    }
    if (skipped !== undefined) pieces.skip(skipped)
    skipped = undefined
    // An entry of no length is a piece that nobody sees. Its time goes to the next one.
    for (const piece of pieces.next(entry.length)) {
      yield { piece, ms }
      ms = 0
    }
  }
  if (skipped !== undefined) pieces.skip(skipped)
  for (const piece of pieces.rest()) yield { piece, ms: 0 }
}

/** A stretch of an answer whose pieces are of one kind. */
interface Stretch {
  readonly kind: LogPieceKind
  readonly part: LogPart
  readonly text: string
  /** The places that it takes. */
  readonly length: number
}

/** Cuts a stored answer into pieces, from its beginning to its end. */
class PieceCutter {
  readonly #stretches: Iterator<Stretch, undefined>
  #current: Stretch | undefined
  /** The place in the current stretch. */
  #offset = 0
  #end = 0
  #textEnd = 0

  constructor(answer: StoredAnswer) {
    this.#stretches = stretchesOf(answer)
    this.#current = this.#stretches.next().value
  }

  /** The next places of the answer: one piece, or more if they lie in several stretches. */
  *next(length: number): Generator<LogPiece> {
    for (let left = length; left > 0 && this.#current; ) {
      const taken = Math.min(left, this.#current.length - this.#offset)
      yield this.#take(this.#current, taken)
      left -= taken
    }
  }

  /** Goes on without pieces. */
  skip(length: number): void {
    for (let left = length; left > 0 && this.#current; ) {
      const taken = Math.min(left, this.#current.length - this.#offset)
      this.#advance(this.#current, taken)
      left -= taken
    }
  }

  *rest(): Generator<LogPiece> {
    while (this.#current) yield* this.next(Math.min(MAX_BLOCK_LENGTH, this.#current.length - this.#offset))
  }

  #take(stretch: Stretch, taken: number): LogPiece {
    const { kind, part } = stretch
    const text = stretch.text.slice(this.#offset, this.#offset + taken)
    this.#advance(stretch, taken)
    return { kind, part, text, end: this.#end, textEnd: this.#textEnd }
  }

  #advance({ kind, length }: Stretch, taken: number): void {
    this.#offset += taken
    this.#end += taken
    if (kind === 'text') this.#textEnd += taken
    if (this.#offset < length) return
    this.#current = this.#stretches.next().value
    this.#offset = 0
  }
}

function* stretchesOf(answer: StoredAnswer): Generator<Stretch, undefined> {
  let textEnd = 0
  let previous: LogPart | undefined
  for (const [index, stored] of partsOf(answer).entries()) {
    if (stored.type === 'text') textEnd += stored.length
    const text = textOfPart(stored, answer.result, textEnd)
    const part = logPart(stored, index, previous, text)
    previous = part
    if (stored.type === 'tool-call') {
      yield { kind: 'tool-call', part, text: '', length: 1 }
      if (text !== '') yield stretch('tool-arguments', part, text)
      if (stored.ended) yield { kind: 'tool-call-end', part, text: '', length: 1 }
    } else if (text !== '') yield stretch(stored.type, part, text)
  }
}

function stretch(kind: LogPieceKind, part: LogPart, text: string): Stretch {
  return { kind, part, text, length: text.length }
}

function logPart(stored: StoredPart, index: number, previous: LogPart | undefined, text: string): LogPart {
  const { type, carry } = stored
  const { callId, name } = type === 'tool-call' ? stored : NO_CALL
  return { index, type, callId, name, carry, previous, text: () => text }
}

const NO_CALL = { callId: '', name: '' }
