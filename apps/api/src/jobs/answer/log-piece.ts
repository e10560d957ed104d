import type { JsonValue } from '@promptlab/providers'
import type { PartType } from './piece.ts'

/** A part of an answer, as the pieces in the log refer to it. */
export interface LogPart {
  readonly index: number
  readonly type: PartType
  /** The id and the name of a tool call. Empty for other parts. */
  readonly callId: string
  readonly name: string
  /** What the vendor wants back with the part, once it has come. */
  readonly carry: JsonValue | undefined
  /** The part before this one, which is complete. A part of no length has no piece in the log and is found only here. */
  readonly previous: LogPart | undefined
  /** The text so far; the arguments of a tool call. It is whole once a later part has begun, or the answer has ended. */
  text(): string
}

export type LogPieceKind = 'text' | 'reasoning' | 'refusal' | 'tool-call' | 'tool-arguments' | 'tool-call-end'

/** A piece in the log of an answer, with where it stands. A piece of no length is not in the log. */
export interface LogPiece {
  readonly kind: LogPieceKind
  readonly part: LogPart
  /** Empty for the opening and the closing of a tool call. */
  readonly text: string
  /** The place behind the piece. */
  readonly end: number
  /** The length of the text of the answer up to the end of the piece, in UTF-16 code units. */
  readonly textEnd: number
}
