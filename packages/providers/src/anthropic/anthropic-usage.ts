import type { TokenUsage } from '@promptlab/contract'
import { isCount, tokenUsage } from '../token-usage.ts'
import { valueAt } from '../value-at.ts'

const COUNTS = [
  'input_tokens',
  'cache_creation_input_tokens',
  'cache_read_input_tokens',
  'output_tokens',
] as const satisfies readonly string[]

/** Adds up what an answer tells of its usage: the beginning tells the input, and later counts replace earlier ones. */
export class AnthropicUsage {
  readonly #counts = new Map<string, number>()

  /** @returns the usage of the call so far; undefined while the input or the output is not known */
  add(usage: unknown): TokenUsage | undefined {
    for (const name of COUNTS) this.#set(name, valueAt(usage, name))
    this.#set('thinking_tokens', valueAt(usage, 'output_tokens_details', 'thinking_tokens'))
    const cached = this.#counts.get('cache_read_input_tokens')
    const written = this.#counts.get('cache_creation_input_tokens')
    const input = this.#counts.get('input_tokens')
    // The first count is only of the input that is in no cache.
    const all = input === undefined ? undefined : input + (cached ?? 0) + (written ?? 0)
    return tokenUsage(all, this.#counts.get('output_tokens'), {
      cachedInputTokens: cached,
      cacheWriteTokens: written,
      reasoningTokens: this.#counts.get('thinking_tokens'),
    })
  }

  #set(name: string, value: unknown): void {
    if (isCount(value)) this.#counts.set(name, value)
  }
}
