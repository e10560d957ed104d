import type { CallEnd, Cost, JobOptions, TokenUsage } from '@promptlab/contract'
import type { CompletionSummary, Message } from '@promptlab/providers'
import type { AnswerSize } from '../answer/answer.ts'
import type { Prices } from '../ports/prices.ts'
import { billionthsOf, usdOf } from '../usage/billionths.ts'
import { estimatedUsage } from './estimated-usage.ts'

/** What is known of a call that has ended. */
interface EndedCall {
  readonly job: {
    readonly provider: string
    readonly model: string
    readonly options?: JobOptions | undefined
  }
  /** What the vendor was asked. Undefined if that cannot be read any more. */
  readonly input: string | readonly Message[] | undefined
  /** What came of the answer. */
  readonly answer: AnswerSize
  readonly endedBecause: CallEnd
  /** When the call began, in milliseconds since the epoch. */
  readonly at: number
  readonly summary?: CompletionSummary | undefined
}

/** A vendor that answers so has not begun to work. */
const REFUSALS: ReadonlySet<CallEnd> = new Set([
  'provider-auth',
  'provider-rate-limited',
  'provider-quota-exceeded',
  'provider-rejected',
])

/** More than any call costs, and so little that sums of it are whole numbers: prices of an operator may be any number. */
const MOST_USD = 1_000_000

/** What a call cost: as the vendor says, or at list prices. Where the vendor counted no tokens, they are estimated. */
export function costOfCall(call: EndedCall, prices: Prices): Cost {
  const cost = toldOrEstimated(call, prices)
  return cost.usd !== undefined && cost.usd > MOST_USD ? { ...cost, usd: MOST_USD } : cost
}

function toldOrEstimated({ job, input, answer, endedBecause, at, summary = {} }: EndedCall, prices: Prices): Cost {
  const { provider, model, options } = job
  if (summary.costUsd !== undefined) return { usd: usdOf(billionthsOf(summary.costUsd)), priced: 'vendor' }
  if (summary.usage && isCounted(summary.usage, answer))
    return prices.costOf({ provider, model, usage: summary.usage, at })
  if (answer.pieceCount === 0) {
    if (REFUSALS.has(endedBecause)) return { usd: 0, priced: 'exact' }
    // The vendor failed or could not be reached. Vendors do not charge for that, as far as they say.
    if (endedBecause === 'provider-unavailable') return { usd: 0, priced: 'estimated' }
  }
  const usage = estimatedUsage(input, options, answer)
  const usd = usage && prices.costOf({ provider, model, usage, at }).usd
  return usd === undefined ? { priced: 'unknown' } : { usd, priced: 'estimated' }
}

/** Some servers report zeros because they do not count. An answer has tokens, and a call without an answer has an input. */
function isCounted({ inputTokens, outputTokens }: TokenUsage, { pieceCount }: AnswerSize): boolean {
  return outputTokens > 0 || (inputTokens > 0 && pieceCount === 0)
}
