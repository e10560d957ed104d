import type { TokenUsage } from '@promptlab/contract'

/** The usage that a vendor reported. Undefined unless both values are token counts: whole numbers, 0 or more. */
export function tokenUsage(inputTokens: unknown, outputTokens: unknown): TokenUsage | undefined {
  return isCount(inputTokens) && isCount(outputTokens) ? { inputTokens, outputTokens } : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
