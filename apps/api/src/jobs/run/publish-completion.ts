import type { CompletionSummary, JsonValue } from '@promptlab/providers'
import { belongsToAnswer, isNothing } from '../answer/piece.ts'
import type { CallBudget } from '../budget/call-budget.ts'
import type { PublishGate } from './publish-gate.ts'
import type { PublishedAnswer } from './published-answer.ts'
import type { TimeLimitWatch } from './time-limits.ts'
import { unlessStuck } from './unless-stuck.ts'
import type { Completion } from './vendor-run.ts'

interface Publishing {
  /** Ends the completion. */
  readonly signal: AbortSignal
  readonly watch: TimeLimitWatch
  readonly gate: PublishGate
  readonly answer: PublishedAnswer
  /** Keeps the handle of the vendor's run. What comes behind it waits. */
  readonly keep: (handle: JsonValue) => Promise<void>
  /** What the call may spend. Undefined: any amount. */
  readonly budget: CallBudget | undefined
}

/** Publishes what a completion gives, and nothing once it has been told to end. Rejects then, also if it is stuck. */
export async function publishCompletion(
  completion: Completion,
  publishing: Publishing,
): Promise<CompletionSummary | undefined> {
  const { signal } = publishing
  try {
    return await unlessStuck(publishAll(completion, publishing), signal)
  } catch (error) {
    // Not awaited: a provider that is stuck never settles it.
    completion.return(undefined).catch(() => {})
    throw signal.aborted ? signal.reason : error
  }
}

async function publishAll(
  completion: Completion,
  { signal, watch, gate, answer, keep, budget }: Publishing,
): Promise<CompletionSummary | undefined> {
  for (let next = await completion.next(); ; next = await completion.next()) {
    if (next.done) return next.value
    signal.throwIfAborted()
    const piece = next.value
    if (!belongsToAnswer(piece) || isNothing(piece)) {
      watch.lifeCame()
      if (typeof piece === 'object' && piece.type === 'vendor-run') await keep(piece.handle)
      continue
    }
    watch.contentCame()
    if (gate.isHeld) {
      // The provider is not to blame for this time, so its limits do not count it.
      watch.pause()
      await gate.opened(signal)
      watch.resume()
    }
    answer.publish(piece)
    // Behind the piece: it came, and is paid for.
    if (budget?.isPassedBy(answer)) throw budget.reached()
  }
}
