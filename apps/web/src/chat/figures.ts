import type { JobMetrics } from '@promptlab/client'
import type { JobView } from '@promptlab/react'
import { recentRate, type TokenSamples } from './token-samples.ts'

/** Milliseconds to the first token: measured by the server once the job has ended, by this page before. */
export function firstTokenMs({ metrics, firstTextMs }: JobView): number | undefined {
  return metrics?.ttftMs ?? firstTextMs
}

/** Tokens a second: over the last two seconds while the job runs, over the whole run afterwards. */
export function tokensPerSecond({ metrics }: JobView, samples: TokenSamples): number | undefined {
  if (!metrics) return recentRate(samples)
  const ms = metrics.durationMs - (metrics.ttftMs ?? 0)
  const tokens = billedTokens(metrics)
  return tokens > 1 && ms > 0 ? (tokens / ms) * 1000 : undefined
}

/** The tokens that the vendor bills, or the pieces of text where it tells none. */
export function billedTokens({ usage, tokenCount }: JobMetrics): number {
  return usage?.outputTokens ?? tokenCount
}

export function seconds(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}

const NUMBER = new Intl.NumberFormat('en')

/** What the vendor counted, in words, such as `1,200 in (800 cached) · 340 out (120 reasoning)`. */
export function usageText({ usage }: JobMetrics): string | undefined {
  if (!usage) return undefined
  const { inputTokens, outputTokens, cachedInputTokens, cacheWriteTokens, reasoningTokens } = usage
  const of = (count: number | undefined, word: string) => (count ? `${NUMBER.format(count)} ${word}` : [])
  const side = (count: number, word: string, ...parts: (string | never[])[]) => {
    const inner = parts.flat()
    return `${NUMBER.format(count)} ${word}${inner.length > 0 ? ` (${inner.join(', ')})` : ''}`
  }
  return [
    side(inputTokens, 'in', of(cachedInputTokens, 'cached'), of(cacheWriteTokens, 'written to cache')),
    side(outputTokens, 'out', of(reasoningTokens, 'reasoning')),
  ].join(' · ')
}
