import type { FinishReason, TokenUsage } from '@promptlab/contract'

/** How to complete one prompt. The vendor's default applies to each option that is left out. */
export interface CompletionOptions {
  /** One of the provider's `models`. */
  readonly model: string
  /**
   * Ends the completion at any time. It is required because `return()` queues behind a pending `next()`, so only the
   * signal can end a call to a vendor that sends nothing.
   */
  readonly signal: AbortSignal
  /** Instructions that come before the prompt. */
  readonly system?: string | undefined
  /** Sampling temperature, 0 to 2. */
  readonly temperature?: number | undefined
  /** The most output tokens the vendor may produce. */
  readonly maxTokens?: number | undefined
}

/** The facts that the vendor reported at the end of a completion. A field is absent if the vendor did not report it. */
export interface CompletionSummary {
  readonly usage?: TokenUsage
  readonly finishReason?: FinishReason
}

/** Our adapter for one LLM vendor, or for anything else that answers a prompt with a stream of text. */
export interface LLMProvider {
  /** The name by which callers choose the provider. It is unique in a registry. */
  readonly name: string
  /** The models that callers may choose. */
  readonly models: readonly string[]
  /**
   * Loads the code that the first call needs, such as the vendor's SDK. It is optional: the first call loads that code
   * too, but then the callers wait for it.
   */
  prepare?(): Promise<void>
  /**
   * Streams the completion as non-empty pieces, in order. Nothing is sent before the first `next()`.
   * A consumer that leaves early, by `return()` or `break`, ends the call to the vendor too.
   * @returns the summary that the vendor reported at the end
   * @throws ProviderError the vendor refused the request, failed, or sent something unreadable
   * @throws `options.signal.reason` on abort, because a truncated answer must never look finished
   */
  complete(prompt: string, options: CompletionOptions): AsyncGenerator<string, CompletionSummary | undefined>
}
