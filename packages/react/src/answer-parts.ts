import type { JobMetrics, OutputPart, Piece } from '@promptlab/client'

/** A part of an answer, as a page shows it. */
export type AnswerPart = (
  | { readonly type: 'text' | 'reasoning' | 'refusal'; readonly text: string }
  | {
      readonly type: 'tool-call'
      /** What its result is sent with. */
      readonly callId: string
      readonly name: string
      /** JSON text, or the beginning of one. */
      readonly arguments: string
      readonly isComplete: boolean
    }
) & {
  /** When its first piece came, in milliseconds on a clock that all parts share; undefined if that is not known. */
  readonly fromMs: number | undefined
}

/** The parts with one more piece. */
export function withPiece(
  parts: readonly AnswerPart[],
  piece: Piece,
  fromMs: number | undefined,
): readonly AnswerPart[] {
  const last = parts.at(-1)
  const grown = last && grownBy(last, piece)
  if (grown) return [...parts.slice(0, -1), grown]
  const begun = partOf(piece, fromMs)
  return begun ? [...parts, begun] : parts
}

/** The parts of a job that has ended, as they were streamed. */
export function partsOf(output: readonly OutputPart[], metrics: JobMetrics): readonly AnswerPart[] {
  const firstText = output.findIndex(({ type }) => type === 'text')
  let parts: readonly AnswerPart[] = []
  for (const [index, part] of output.entries()) {
    const textMs = index === firstText ? (metrics.ttftMs ?? undefined) : undefined
    const fromMs = index === 0 ? (metrics.firstPieceMs ?? textMs) : textMs
    parts =
      part.type === 'tool-call'
        ? parts.concat({ ...part, isComplete: !part.incomplete, fromMs })
        : withPiece(parts, part, fromMs)
  }
  return parts
}

/** How long the model was at a part, in milliseconds; undefined if that is not known. */
export function partMs(parts: readonly AnswerPart[], index: number): number | undefined {
  const [from, to] = [parts[index]?.fromMs, parts[index + 1]?.fromMs]
  return from === undefined || to === undefined ? undefined : to - from
}

function grownBy(last: AnswerPart, piece: Piece): AnswerPart | undefined {
  if (last.type !== 'tool-call') {
    return piece.type === last.type ? { ...last, text: last.text + piece.text } : undefined
  }
  if (piece.type === 'tool-arguments') return { ...last, arguments: last.arguments + piece.text }
  if (piece.type === 'tool-call-end') return { ...last, arguments: piece.arguments, isComplete: true }
  return undefined
}

function partOf(piece: Piece, fromMs: number | undefined): AnswerPart | undefined {
  switch (piece.type) {
    case 'text':
    case 'reasoning':
    case 'refusal':
      return { type: piece.type, text: piece.text, fromMs }
    case 'tool-call':
      return { type: piece.type, callId: piece.callId, name: piece.name, arguments: '', isComplete: false, fromMs }
    default:
      return undefined
  }
}
