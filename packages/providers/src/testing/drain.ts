import type { CompletionSummary } from '../llm-provider.ts'

/** Everything one completion did. */
export interface Drained {
  readonly fragments: readonly string[]
  readonly summary?: CompletionSummary | undefined
  /** What it threw. */
  readonly error?: unknown
}

/** Reads a completion to its end, however it ends. */
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
