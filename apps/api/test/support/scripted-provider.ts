import type { CompletionOptions, CompletionSummary, LLMProvider } from '@promptlab/providers'

/** A token to stream, something to wait for, or an error to throw. */
type Step = string | Promise<unknown> | Error

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
  ): AsyncGenerator<string, CompletionSummary | undefined> {
    this.calls++
    for (const step of this.#steps) {
      signal.throwIfAborted()
      if (typeof step === 'string') yield step
      else if (step instanceof Error) throw step
      else await settledOrAborted(step, signal)
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
