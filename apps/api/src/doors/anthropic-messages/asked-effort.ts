import type { JobOptions } from '@promptlab/contract'
import type { OutputConfig, Thinking } from './messages-body.ts'

type Effort = NonNullable<JobOptions['reasoning']>['effort']

/** What each effort is in tokens: the budgets by which older models of Anthropic are asked for an effort. */
const BUDGETS: readonly (readonly [Effort, number])[] = [
  ['minimal', 1_024],
  ['low', 2_048],
  ['medium', 8_192],
  ['high', 16_384],
  ['xhigh', 32_000],
]

/**
 * The effort that a request asks of any vendor's model, undefined for the default of the model:
 * - `thinking: disabled` and `between_tools` are `none`, whatever effort is asked for.
 * - An effort of `output_config` is that effort; `max` is `xhigh`, the highest that jobs have.
 * - `enabled` without an effort is the effort whose budget is nearest to `budget_tokens`.
 * - `adaptive` without an effort is `high`, as at Anthropic.
 */
export function effortOf(
  thinking: Thinking | null | undefined,
  config: Pick<OutputConfig, 'effort'> | null | undefined,
): Effort | undefined {
  if (thinking?.type === 'disabled' || thinking?.type === 'between_tools') return 'none'
  const effort = config?.effort
  if (effort) return effort === 'max' ? 'xhigh' : effort
  if (thinking?.type === 'adaptive') return 'high'
  return thinking?.type === 'enabled' ? nearestEffort(thinking.budget_tokens) : undefined
}

function nearestEffort(tokens: number): Effort | undefined {
  const distances = BUDGETS.map(([effort, budget]) => ({ effort, distance: Math.abs(budget - tokens) }))
  return distances.toSorted((a, b) => a.distance - b.distance)[0]?.effort
}
