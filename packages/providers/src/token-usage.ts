import type { TokenUsage } from '@promptlab/contract'

/** The parts of a usage that a vendor may report, in any form. */
type UsageDetails = Partial<Readonly<Record<'cachedInputTokens' | 'cacheWriteTokens' | 'reasoningTokens', unknown>>>

/**
 * The usage that a vendor reported. Undefined unless both values are token counts: whole numbers, 0 or more. A detail
 * is left out if it is no token count, or is more than the whole that it is a part of.
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

/** Whether the value is a whole number, 0 or more. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
