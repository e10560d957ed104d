import type { Completion, CompletionPiece, CompletionSummary, JsonValue } from '@promptlab/providers'
import { belongsToAnswer, isNothing } from '../answer/piece.ts'
import type { CallBudget } from '../budget/call-budget.ts'
import type { PublishGate } from './publish-gate.ts'
import type { PublishedAnswer } from './published-answer.ts'
import type { TimeLimitWatch } from './time-limits.ts'
import { unlessStuck } from './unless-stuck.ts'

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
  for (;;) {
    const next = readyPiece(completion) ?? (await completion.next())
    if (next.done) return next.value
    const piece = next.value
    signal.throwIfAborted()
    if (!belongsToAnswer(piece) || isNothing(piece)) {
      await takeSign(piece, watch, keep)
      continue
    }
    watch.contentCame()
    if (gate.isHeld) await untilOpen(gate, watch, signal)
    answer.publish(piece)
    // Behind the piece: it came, and is paid for.
    if (budget?.isPassedBy(answer)) throw budget.reached()
  }
}

/** A sign of life that is no content. */
async function takeSign(piece: CompletionPiece, watch: TimeLimitWatch, keep: Publishing['keep']): Promise<void> {
  watch.lifeCame()
  if (typeof piece === 'object' && piece.type === 'vendor-run') await keep(piece.handle)
}

function readyPiece(completion: Completion): IteratorYieldResult<CompletionPiece> | undefined {
  const value = completion.nextReady?.()
  return value === undefined ? undefined : { done: false, value }
}

/** The provider is not to blame for this time, so its limits do not count it. */
async function untilOpen(gate: PublishGate, watch: TimeLimitWatch, signal: AbortSignal): Promise<void> {
  watch.pause()
  await gate.opened(signal)
  watch.resume()
}
