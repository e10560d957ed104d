import type { Piece } from './piece.ts'

/** A piece, and the index of the part that it belongs to. */
export interface PlacedPiece {
  readonly piece: Piece
  readonly part: number
}
