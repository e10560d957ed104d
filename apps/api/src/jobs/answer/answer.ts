import type { JsonValue } from '@promptlab/providers'
import { ProviderError } from '@promptlab/providers'
import { type PartType, type Piece, partTypeOf, placesOf, textOf, unseenLengthOf } from './piece.ts'
import {
  type AnswerGrowth,
  answerLength,
  type PartGrowth,
  partsOf,
  type StoredAnswer,
  type StoredPart,
} from './stored-answer.ts'
import { decodeTape, encodeTape, Tape } from './tape.ts'

/** A part that grows. */
interface GrowingPart {
  readonly type: PartType
  /** Empty for a text part, whose text is in the text of the answer. The arguments of a tool call. */
  text: string
  /** The length of the text, in UTF-16 code units. */
  length: number
  readonly callId: string
  readonly name: string
  hasEnded: boolean
  carry: JsonValue | undefined
}

/** How much there is of an answer. */
export interface AnswerSize {
  readonly pieceCount: number
  /** The places that it takes. */
  readonly length: number
}

/** How much of an answer is stored. */
export interface AnswerMark {
  readonly place: number
  readonly textLength: number
  readonly pieceCount: number
  readonly partCount: number
  /** The length of the last part, in UTF-16 code units. */
  readonly lastLength: number
  readonly tapeSize: number
}

/** The mark of an answer of which nothing is stored. */
export const NOTHING: AnswerMark = { place: 0, textLength: 0, pieceCount: 0, partCount: 0, lastLength: 0, tapeSize: 0 }

/** The answer of a run while it grows: its text, its parts, and the tape. */
export class Answer {
  readonly #parts: GrowingPart[]
  readonly #tape: Tape
  #text: string
  #length: number
  #unseenLength: number
  /** The part that the next piece may belong to. */
  #open: GrowingPart | undefined

  /** @param begun what an earlier run has stored of the answer, which goes on */
  constructor(begun: StoredAnswer = { result: '' }) {
    this.#parts = partsOf(begun).map(growingPart)
    this.#tape = new Tape(decodeTape(begun.tape ?? ''))
    this.#text = begun.result
    this.#length = answerLength(begun)
    this.#unseenLength = this.#parts.reduce((length, part) => length + unseenLengthIn(part), 0)
    const last = this.#parts.at(-1)
    this.#open = last && !last.hasEnded && last.carry === undefined ? last : undefined
  }

  /** The places that the answer takes. */
  get length(): number {
    return this.#length
  }

  get partCount(): number {
    return this.#parts.length
  }

  get pieceCount(): number {
    return this.#tape.count
  }

  /** The characters that are stored with the answer and take no place, see `unseenLengthOf`. */
  get unseenLength(): number {
    return this.#unseenLength
  }

  /** Whether the answer is one text, without anything that its vendor wants back. Or there is nothing yet. */
  get isText(): boolean {
    const [first] = this.#parts
    return !first || (this.#parts.length === 1 && first.type === 'text' && first.carry === undefined)
  }

  get size(): AnswerSize {
    return { pieceCount: this.#tape.count, length: this.#length }
  }

  get mark(): AnswerMark {
    return {
      place: this.#length,
      textLength: this.#text.length,
      pieceCount: this.#tape.count,
      partCount: this.#parts.length,
      lastLength: this.#parts.at(-1)?.length ?? 0,
      tapeSize: this.#tape.size,
    }
  }

  get stored(): StoredAnswer {
    const parts = this.isText ? undefined : this.#parts.map((part) => storedPart(part, 0))
    return { result: this.#text, ...(parts && { parts }), tape: encodeTape(this.#tape.bytesFrom(0)) }
  }

  /**
   * @param elapsedMs since the start of the run
   * @returns the index of the part that the piece belongs to
   * @throws ProviderError the piece does not fit behind the one before
   */
  append(piece: Piece, elapsedMs: number): number {
    const part = this.#partFor(piece)
    const length = placesOf(piece)
    const text = textOf(piece)
    if (part.type === 'text') this.#text += text
    else part.text += text
    part.length += text.length
    this.#length += length
    this.#unseenLength += unseenLengthOf(piece)
    this.#tape.append(length, elapsedMs)
    if (typeof piece !== 'string') this.#close(piece, part)
    return this.#parts.length - 1
  }

  /** Whether a piece would begin a part. */
  begins(piece: Piece): boolean {
    return this.#open?.type !== partTypeOf(piece)
  }

  /** What was added behind a mark. */
  growthSince(mark: AnswerMark): AnswerGrowth {
    const { place, textLength, pieceCount, partCount, lastLength, tapeSize } = mark
    const first = Math.max(0, partCount - 1)
    const parts = this.isText
      ? undefined
      : this.#parts.slice(first).map(
          (part, index): PartGrowth => ({
            part: first + index,
            added: storedPart(part, first + index < partCount ? lastLength : 0),
          }),
        )
    return {
      place,
      textLength,
      pieceCount,
      partCount,
      text: this.#text.slice(textLength),
      ...(parts && { parts }),
      tape: this.#tape.bytesFrom(tapeSize),
    }
  }

  #partFor(piece: Piece): GrowingPart {
    const type = partTypeOf(piece)
    const open = this.#open
    if (typeof piece !== 'string' && (piece.type === 'tool-arguments' || piece.type === 'tool-call-end')) {
      if (open?.type === 'tool-call') return open
      throw misplaced(piece.type)
    }
    if (open?.type === 'tool-call') throw misplaced(type)
    if (open?.type === type) return open
    const { callId, name } = typeof piece !== 'string' && piece.type === 'tool-call' ? piece : NO_CALL
    const part: GrowingPart = { type, text: '', length: 0, callId, name, hasEnded: false, carry: undefined }
    this.#parts.push(part)
    this.#open = part
    return part
  }

  /** A carry closes its part, and so does the end of a call. */
  #close(piece: Exclude<Piece, string>, part: GrowingPart): void {
    const carry = 'carry' in piece ? piece.carry : undefined
    if (carry !== undefined) part.carry = carry
    if (piece.type === 'tool-call-end') part.hasEnded = true
    if (carry !== undefined || part.hasEnded) this.#open = undefined
  }
}

const NO_CALL = { callId: '', name: '' }

function growingPart(stored: StoredPart): GrowingPart {
  const { type, carry } = stored
  if (type === 'tool-call') {
    const { callId, name, arguments: text, ended = false } = stored
    return { type, text, length: text.length, callId, name, hasEnded: ended, carry }
  }
  const text = type === 'text' ? '' : stored.text
  const length = type === 'text' ? stored.length : text.length
  return { type, text, length, ...NO_CALL, hasEnded: false, carry }
}

function unseenLengthIn({ callId, name, carry }: GrowingPart): number {
  return callId.length + name.length + (carry === undefined ? 0 : JSON.stringify(carry).length)
}

/** The part as it is stored, without the first code units of its text. */
function storedPart({ type, text, length, callId, name, hasEnded, carry }: GrowingPart, from: number): StoredPart {
  const carried = carry !== undefined && { carry }
  switch (type) {
    case 'text':
      return { type, length: length - from, ...carried }
    case 'tool-call':
      return { type, callId, name, arguments: text.slice(from), ...(hasEnded && { ended: true }), ...carried }
    default:
      return { type, text: text.slice(from), ...carried }
  }
}

function misplaced(type: string): ProviderError {
  return new ProviderError(`The provider sent ${type} where it cannot stand`, { code: 'provider-malformed' })
}
