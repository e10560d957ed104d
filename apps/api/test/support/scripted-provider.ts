import type { CompletionOptions, CompletionPiece, CompletionSummary, LLMProvider } from '@promptlab/providers'

/** A piece to stream, something to wait for, or an error to throw. */
type Step = CompletionPiece | Promise<unknown> | Error

/** A provider that does what its script says, and counts its calls. */
export class ScriptedProvider implements LLMProvider {
  readonly name = 'scripted'
  readonly models = ['script-1']
  readonly #steps: readonly Step[]
  readonly #summary: CompletionSummary | undefined
  calls = 0

  constructor(steps: readonly Step[], summary?: CompletionSummary) {
    this.#steps = steps
    this.#summary = summary
  }

  async *complete(
    _prompt: string,
    { signal }: CompletionOptions,
  ): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
    this.calls++
    for (const step of this.#steps) {
      signal.throwIfAborted()
      if (step instanceof Error) throw step
      if (step instanceof Promise) await settledOrAborted(step, signal)
      else yield step
    }
    return this.#summary
  }
}

async function settledOrAborted(gate: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  signal.addEventListener('abort', abort, { once: true })
  try {
    await Promise.race([gate, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
