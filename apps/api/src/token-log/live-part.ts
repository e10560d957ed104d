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

/** A part of a live answer. */
export class LivePart implements LogPart {
  readonly index: number
  readonly type: PartType
  readonly callId: string
  readonly name: string
  readonly start: PartStart
  carry: JsonValue | undefined
  readonly #texts: readonly string[]

  constructor(
    index: number,
    type: PartType,
    call: Pick<LogPart, 'callId' | 'name'>,
    start: PartStart,
    texts: readonly string[],
  ) {
    this.index = index
    this.type = type
    this.callId = call.callId
    this.name = call.name
    this.start = start
    this.#texts = texts
  }

  take(carry: JsonValue | undefined): void {
    if (carry !== undefined) this.carry = carry
  }

  arguments(): string {
    let text = ''
    // The opening and the closing of the call are pieces without text, and nothing but arguments is between them.
    for (let index = this.start.piece + 1; this.#texts[index]; index++) text += this.#texts[index]
    return text
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
