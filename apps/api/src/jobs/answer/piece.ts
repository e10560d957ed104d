import type { CompletionPiece } from '@promptlab/providers'

/** What arrived at once of an answer, and belongs to it. */
export type Piece = Exclude<CompletionPiece, { type: 'alive' | 'vendor-run' }>

/** The kinds of parts: stretches of an answer. */
export type PartType = 'text' | 'reasoning' | 'refusal' | 'tool-call'

/** The kind of part that a piece belongs to. */
export function partTypeOf(piece: Piece): PartType {
  if (typeof piece === 'string') return 'text'
  switch (piece.type) {
    case 'tool-arguments':
    case 'tool-call-end':
      return 'tool-call'
    default:
      return piece.type
  }
}

/**
 * How many places a piece takes: one for each UTF-16 code unit of text and of arguments, and one each for the opening
 * and the closing of a tool call.
 */
export function placesOf(piece: Piece): number {
  if (typeof piece === 'string') return piece.length
  return 'text' in piece ? piece.text.length : 1
}

/** The text of a piece. Empty for the opening and the closing of a tool call. */
export function textOf(piece: Piece): string {
  if (typeof piece === 'string') return piece
  return 'text' in piece ? piece.text : ''
}

/** How many characters of a piece are stored but take no place: the id and the name of a call, and the JSON of a carry. */
export function unseenLengthOf(piece: Piece): number {
  if (typeof piece === 'string') return 0
  if (piece.type === 'tool-call') return piece.callId.length + piece.name.length
  return 'carry' in piece && piece.carry !== undefined ? JSON.stringify(piece.carry).length : 0
}

/** The beginning of a piece that takes so many places at most; undefined if nothing fits. */
export function beginningOf(piece: Piece, places: number): Piece | undefined {
  if (typeof piece !== 'string' && !('text' in piece)) return undefined
  const text = typeof piece === 'string' ? piece : piece.text
  // Half a character is no text.
  const fitting = text.slice(0, places).replace(/[\ud800-\udbff]$/, '')
  if (fitting === '') return undefined
  if (typeof piece === 'string') return fitting
  return piece.type === 'tool-arguments' ? { ...piece, text: fitting } : { type: piece.type, text: fitting }
}

/** Whether a piece is one of the answer. */
export function belongsToAnswer(piece: CompletionPiece): piece is Piece {
  return typeof piece === 'string' || (piece.type !== 'alive' && piece.type !== 'vendor-run')
}

/** Whether a piece has neither a place nor something that its vendor wants back. */
export function isNothing(piece: Piece): boolean {
  return placesOf(piece) === 0 && unseenLengthOf(piece) === 0
}
