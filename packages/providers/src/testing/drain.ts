import type { CompletionPiece, CompletionSummary } from '../llm-provider.ts'

/** The outcome of one completion. */
export interface Drained {
  /** The pieces of text. */
  readonly fragments: readonly string[]
  /** Everything that belongs to the answer: all pieces but `alive`. */
  readonly pieces: readonly CompletionPiece[]
  readonly summary?: CompletionSummary | undefined
  /** The error that it threw. Undefined if it completed. */
  readonly error?: unknown
}

/** Reads a completion until it ends or throws. */
export async function drain(
  completion: AsyncGenerator<CompletionPiece, CompletionSummary | undefined>,
): Promise<Drained> {
  const fragments: string[] = []
  const pieces: CompletionPiece[] = []
  try {
    for (;;) {
      const { done, value } = await completion.next()
      if (done) return { fragments, pieces, summary: value }
      if (typeof value === 'string') fragments.push(value)
      else if (value.type === 'text') fragments.push(value.text)
      if (typeof value === 'string' || value.type !== 'alive') pieces.push(value)
    }
  } catch (error) {
    return { fragments, pieces, error }
  }
}
