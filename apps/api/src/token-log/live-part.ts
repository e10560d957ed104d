import type { JsonValue } from '@promptlab/providers'
import type { LogPart, LogPieceKind } from '../jobs/answer/log-piece.ts'
import type { PartType } from '../jobs/answer/piece.ts'

/** Where a part begins. */
interface PartStart {
  /** The index of its first piece. */
  readonly piece: number
  readonly place: number
  /** The length of the text before it. */
  readonly textLength: number
}

type TextBetween = (from: number, to?: number) => string

/** A part of a live answer. */
export class LivePart implements LogPart {
  readonly index: number
  readonly type: PartType
  readonly callId: string
  readonly name: string
  readonly start: PartStart
  readonly previous: LivePart | undefined
  carry: JsonValue | undefined
  /** The text of the pieces of the answer from an index up to another one, or to the last one. */
  readonly #textBetween: TextBetween
  /** The index of the first piece behind this part. Undefined while this is the last part. */
  #endPiece: number | undefined

  constructor(
    index: number,
    type: PartType,
    call: Pick<LogPart, 'callId' | 'name'>,
    start: PartStart,
    previous: LivePart | undefined,
    textBetween: TextBetween,
  ) {
    this.index = index
    this.type = type
    this.callId = call.callId
    this.name = call.name
    this.start = start
    this.previous = previous
    this.#textBetween = textBetween
    if (previous) previous.#endPiece = start.piece
  }

  take(carry: JsonValue | undefined): void {
    if (carry !== undefined) this.carry = carry
  }

  text(): string {
    // The opening and the closing of a call are pieces without text.
    return this.#textBetween(this.start.piece, this.#endPiece)
  }

  kindOf(text: string, index: number): LogPieceKind {
    if (this.type !== 'tool-call') return this.type
    if (text !== '') return 'tool-arguments'
    return index === this.start.piece ? 'tool-call' : 'tool-call-end'
  }
}

/** The length of the text up to a place in a part. */
export function textEndIn({ type, start }: LivePart, place: number): number {
  return type === 'text' ? start.textLength + place - start.place : start.textLength
}
