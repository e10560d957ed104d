import type { TokenUsage } from '@promptlab/contract'
import { z } from 'zod'

const price = z.number('Must be a price in US dollars a million tokens').nonnegative()

/** The prices of a model, in US dollars a million tokens. */
const ModelPrices = z.strictObject({
  input: price,
  output: price,
  /** Of the input that came from a cache. Default: as `input`. */
  cachedInput: price.optional(),
  /** Of the input that was written into a cache. Default: as `input`. */
  cacheWrite: price.optional(),
  /** Of the output that is reasoning. Default: as `output`. */
  reasoning: price.optional(),
})
type ModelPrices = z.infer<typeof ModelPrices>

/** The prices of an operator: by the name of a provider, and the name of a model or `*` for every other. */
export const OperatorPrices = z.record(z.string(), z.record(z.string(), ModelPrices))
export type OperatorPrices = z.infer<typeof OperatorPrices>

const ANY_MODEL = '*'
const MILLION = 1_000_000

/** What tokens cost by the prices of the operator, in US dollars. Undefined if the model has none. */
export function usdAtOperatorPrices(
  prices: OperatorPrices,
  { provider, model, usage }: { provider: string; model: string; usage: TokenUsage },
): number | undefined {
  const models = ownValue(prices, provider)
  const found = models && (ownValue(models, model) ?? ownValue(models, ANY_MODEL))
  return found && usdOf(found, usage)
}

function usdOf(prices: ModelPrices, usage: TokenUsage): number {
  const { inputTokens, outputTokens, cachedInputTokens: cached = 0, cacheWriteTokens: written = 0 } = usage
  const { reasoningTokens: reasoning = 0 } = usage
  const { input, output, cachedInput = input, cacheWrite = input, reasoning: thought = output } = prices
  const fresh = Math.max(0, inputTokens - cached - written)
  const ofInput = fresh * input + cached * cachedInput + written * cacheWrite
  return (ofInput + (outputTokens - reasoning) * output + reasoning * thought) / MILLION
}

/** Names come from requests, and a request may name `__proto__`. */
function ownValue<Value>(record: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined
}
