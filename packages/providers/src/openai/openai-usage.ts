import type { TokenUsage } from '@promptlab/contract'
import { isCount, tokenUsage } from '../token-usage.ts'
import { valueAt } from '../value-at.ts'
import type { ChunkReading } from '../vendor-call.ts'

/**
 * The usage in a chunk, and what the vendor charges. OpenAI sends the usage beside the choices, others inside the choice,
 * and Groq in a field of its own.
 */
export function openAIUsage(chunk: unknown, choice: unknown): Pick<ChunkReading, 'usage' | 'costUsd'> {
  const usage = valueAt(chunk, 'usage') ?? valueAt(choice, 'usage') ?? valueAt(chunk, 'x_groq', 'usage')
  return usage ? { usage: usageOf(usage), costUsd: costOf(usage) } : {}
}

/**
 * OpenRouter says what it charges. Where the operator has a key of the vendor behind it, that is OpenRouter's fee alone.
 * Perplexity has an object with the total.
 */
function costOf(usage: unknown): number | undefined {
  const cost = valueAt(usage, 'cost', 'total_cost') ?? valueAt(usage, 'cost')
  if (!isAmount(cost)) return undefined
  const upstream = valueAt(usage, 'cost_details', 'upstream_inference_cost')
  return valueAt(usage, 'is_byok') === true && isAmount(upstream) ? cost + upstream : cost
}

/** No call costs so much. A larger amount is a fault of the vendor: a cost that no number holds would damage the job's record. */
const MOST_USD = 10_000

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MOST_USD
}

function usageOf(usage: unknown): TokenUsage | undefined {
  const first = (...paths: readonly (readonly string[])[]) =>
    paths.map((path) => valueAt(usage, ...path)).find((value) => value != null)
  const input = first(['prompt_tokens'], ['input_tokens'])
  const output = first(['completion_tokens'], ['output_tokens'])
  const reasoning = first(['completion_tokens_details', 'reasoning_tokens'], ['reasoning_tokens'])
  const total = first(['total_tokens'])
  return tokenUsage(input, wholeOutput(input, output, reasoning, total), {
    // OpenAI, DeepSeek, Moonshot, and gateways to Anthropic.
    cachedInputTokens: first(
      ['prompt_tokens_details', 'cached_tokens'],
      ['prompt_cache_hit_tokens'],
      ['cached_tokens'],
      ['cache_read_input_tokens'],
    ),
    cacheWriteTokens: first(['prompt_tokens_details', 'cache_write_tokens'], ['cache_creation_input_tokens']),
    reasoningTokens: reasoning,
  })
}

/** Most servers count reasoning as output. xAI adds it to the total only. */
function wholeOutput(input: unknown, output: unknown, reasoning: unknown, total: unknown): unknown {
  if (!isCount(input) || !isCount(output) || !isCount(reasoning)) return output
  return total === input + output + reasoning ? output + reasoning : output
}
