import type { FinishReason, TokenUsage } from '@promptlab/contract'

/** How one prompt is to be completed; everything left out is the vendor's default. */
export interface CompletionOptions {
  /** One of the provider's `models`. */
  readonly model: string
  /**
   * Ends the completion at any time. Required: `return()` queues behind a pending `next()`,
   * so only the signal can stop a vendor that has gone silent.
   */
  readonly signal: AbortSignal
  /** Instructions that precede the prompt. */
  readonly system?: string | undefined
  /** Sampling temperature, 0 to 2. */
  readonly temperature?: number | undefined
  /** The most output tokens the vendor may produce. */
  readonly maxTokens?: number | undefined
}

/** What the vendor reported at the end of a completion; what it did not report is absent. */
export interface CompletionSummary {
  readonly usage?: TokenUsage
  readonly finishReason?: FinishReason
}

/** An LLM vendor, or anything else that answers a prompt with a stream of text. */
export interface LLMProvider {
  /** The name callers choose it by; unique in a registry. */
  readonly name: string
  /** The models callers may choose. */
  readonly models: readonly string[]
  /**
   * Streams the completion as non-empty fragments, in order; lazy until the first `next()`.
   * Leaving early, by `return()` or `break`, ends the call to the vendor too.
   * @returns what the vendor reported at the end
   * @throws ProviderError the vendor refused, failed, or sent something unreadable
   * @throws `options.signal.reason` on abort: a truncated answer must never look finished
   */
  complete(prompt: string, options: CompletionOptions): AsyncGenerator<string, CompletionSummary | undefined>
}
