import { type Piece, partTypeOf, textOf } from './piece.ts'
import { partsOf, type StoredAnswer, type StoredPart, textOfPart } from './stored-answer.ts'

/** A run that was joined again says something else than before. */
export class OtherAnswerError extends Error {
  override readonly name = 'OtherAnswerError'

  constructor() {
    super('The run that was joined again says something else than before')
  }
}

/** A part of the known answer. */
interface KnownPart {
  readonly stored: StoredPart
  readonly text: string
  readonly isClosed: boolean
}

/**
 * Tells what of a run that is read again from its beginning is new. The run must say the same as before, part by part; it may
 * cut its text elsewhere, so of a piece at the end of what is known only the rest is new.
 */
export class KnownAnswer {
  readonly #parts: readonly KnownPart[]
  /** The part that is read, and how much of its text was read. */
  #index = 0
  #offset = 0
  /** Whether a piece of the part was read. */
  #isBegun = false

  constructor(answer: StoredAnswer) {
    let textEnd = 0
    const parts = partsOf(answer)
    this.#parts = parts.map((stored) => {
      if (stored.type === 'text') textEnd += stored.length
      const text = textOfPart(stored, answer.result, textEnd)
      const isClosed = stored.carry !== undefined || (stored.type === 'tool-call' && stored.ended === true)
      return { stored, text, isClosed }
    })
  }

  /**
   * What is new of a piece; undefined if all of it is known.
   * @throws OtherAnswerError the piece is not what was known
   */
  take(piece: Piece): Piece | undefined {
    for (;;) {
      const part = this.#parts[this.#index]
      if (!part) return piece
      // A part that was read to its end may be followed by another one. The vendor may not repeat what closed it.
      if (this.#isRead(part) && this.#beginsNext(piece, part)) this.#next()
      else return this.#takeIn(part, piece)
    }
  }

  /**
   * Call this at the end of the run.
   * @throws OtherAnswerError the run ended before all that is known
   */
  end(): void {
    const part = this.#parts[this.#index]
    if (!part) return
    const isLast = this.#index === this.#parts.length - 1
    // A call has ended only with its end. What closes other parts may be left out.
    const isWhole = this.#isRead(part) && !(part.isClosed && part.stored.type === 'tool-call')
    if (!isLast || !isWhole) throw new OtherAnswerError()
  }

  #isRead({ stored, text }: KnownPart): boolean {
    const isBegun = this.#isBegun || (text === '' && stored.type !== 'tool-call')
    return isBegun && this.#offset === text.length
  }

  #beginsNext(piece: Piece, { stored, isClosed }: KnownPart): boolean {
    const type = partTypeOf(piece)
    if (stored.type === 'tool-call') return isClosed && type !== 'tool-call'
    return type !== stored.type || (isClosed && textOf(piece) !== '')
  }

  #next(): void {
    this.#index++
    this.#offset = 0
    this.#isBegun = false
  }

  #takeIn(part: KnownPart, piece: Piece): Piece | undefined {
    if (partTypeOf(piece) !== part.stored.type) throw new OtherAnswerError()
    if (typeof piece === 'string') return this.#takeText(part, piece, (rest) => rest)
    switch (piece.type) {
      case 'tool-call':
        return this.#takeCall(part, piece)
      case 'tool-arguments':
        if (!this.#isBegun) throw new OtherAnswerError()
        return this.#takeText(part, piece.text, (text) => ({ ...piece, text }))
      case 'tool-call-end':
        return this.#takeEnd(part, piece)
      default: {
        const rest = this.#takeText(part, piece.text, (text) => ({ ...piece, text }))
        if (rest !== undefined || piece.carry === undefined) return rest
        return this.#takeEnd(part, { ...piece, text: '' })
      }
    }
  }

  #takeText(part: KnownPart, text: string, newPiece: (rest: string) => Piece): Piece | undefined {
    this.#isBegun = true
    const known = part.text.slice(this.#offset, this.#offset + text.length)
    if (!text.startsWith(known)) throw new OtherAnswerError()
    this.#offset += known.length
    if (known.length === text.length) return undefined
    this.#mustBeOpen(part)
    this.#next()
    return newPiece(text.slice(known.length))
  }

  #takeCall({ stored }: KnownPart, { callId, name }: Extract<Piece, { type: 'tool-call' }>): undefined {
    const isSame = stored.type === 'tool-call' && stored.callId === callId && stored.name === name
    if (!isSame || this.#isBegun) throw new OtherAnswerError()
    this.#isBegun = true
  }

  /** What closes a part: it is new if the part was open. */
  #takeEnd(part: KnownPart, end: Piece): Piece | undefined {
    if (!this.#isRead(part)) throw new OtherAnswerError()
    if (!part.isClosed) this.#mustBeOpen(part)
    this.#next()
    return part.isClosed ? undefined : end
  }

  /** Only the last part can grow. */
  #mustBeOpen(part: KnownPart): void {
    if (part.isClosed || this.#index < this.#parts.length - 1) throw new OtherAnswerError()
  }
}
