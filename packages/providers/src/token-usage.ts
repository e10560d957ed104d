import type { TokenUsage } from '@promptlab/contract'

/** The parts of a usage that a vendor may report, in any form. */
type UsageDetails = Partial<Readonly<Record<'cachedInputTokens' | 'cacheWriteTokens' | 'reasoningTokens', unknown>>>

/** No model reads or writes so much in a call. A larger count is a fault of the vendor, and would pass every budget. */
const MOST_TOKENS = 1_000_000_000

/**
 * The usage that a vendor reported. Undefined unless both values are token counts. A detail is left out if it is no token
 * count, or is more than the whole that it is a part of.
 */
export function tokenUsage(
  inputTokens: unknown,
  outputTokens: unknown,
  { cachedInputTokens, cacheWriteTokens, reasoningTokens }: UsageDetails = {},
): TokenUsage | undefined {
  if (!isCount(inputTokens) || !isCount(outputTokens)) return undefined
  const isPartOf = (value: unknown, whole: number): value is number => isCount(value) && value <= whole
  return {
    inputTokens,
    outputTokens,
    ...(isPartOf(cachedInputTokens, inputTokens) && { cachedInputTokens }),
    ...(isPartOf(cacheWriteTokens, inputTokens) && { cacheWriteTokens }),
    ...(isPartOf(reasoningTokens, outputTokens) && { reasoningTokens }),
  }
}

/** Whether the value is a whole number from 0 to a billion. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST_TOKENS
}
