import type { TokenUsage } from '@promptlab/contract'

/** The usage a vendor reported, or undefined unless both are token counts. */
export function tokenUsage(inputTokens: unknown, outputTokens: unknown): TokenUsage | undefined {
  return isCount(inputTokens) && isCount(outputTokens) ? { inputTokens, outputTokens } : undefined
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}
