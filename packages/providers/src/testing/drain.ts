import type { CompletionSummary } from '../llm-provider.ts'

/** The outcome of one completion. */
export interface Drained {
  readonly fragments: readonly string[]
  readonly summary?: CompletionSummary | undefined
  /** The error that it threw. Undefined if it completed. */
  readonly error?: unknown
}

/** Reads a completion until it ends or throws. */
export async function drain(completion: AsyncGenerator<string, CompletionSummary | undefined>): Promise<Drained> {
  const fragments: string[] = []
  try {
    for (;;) {
      const { done, value } = await completion.next()
      if (done) return { fragments, summary: value }
      fragments.push(value)
    }
  } catch (error) {
    return { fragments, error }
  }
}
