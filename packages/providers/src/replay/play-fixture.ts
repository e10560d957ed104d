import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Fixture, FixtureFailure, FixturePiece } from '@promptlab/contract'
import type { CompletionPiece, CompletionSummary } from '../llm-provider.ts'
import { ProviderError } from '../provider-error.ts'

/** The time by which a fixture is played. */
export interface ReplayTimer {
  /** Milliseconds of a clock that never goes back. */
  now(): number
  /** @throws `signal.reason` on abort */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const systemTimer: ReplayTimer = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    // The AbortError of the timer only wraps the reason of the abort.
    await setTimeout(ms, undefined, { signal }).catch(() => signal.throwIfAborted())
  },
}

interface Playing {
  /** The name of the provider, for errors. */
  readonly provider: string
  /** 1: as it was recorded; 2: twice as fast; 0: at once. */
  readonly speed: number
  /** The number of this call of the fixture, from 1 up. */
  readonly call: number
  readonly timer: ReplayTimer
  readonly signal: AbortSignal
}

/** Without a pause, this many pieces are sent in one turn of the event loop. */
const PIECES_PER_TURN = 64
/** A shorter pause is none: timers have whole milliseconds. */
const SHORTEST_PAUSE_MS = 0.5
/** setTimeout takes no more. */
const LONGEST_SLEEP_MS = 2_147_483_647

/**
 * Plays the answer of a fixture, piece by piece, with its end or the fault of this call.
 * @throws ProviderError as the fixture says
 */
export async function* playFixture(
  { answer, end, faults = [] }: Fixture,
  { provider, speed, call, timer, signal }: Playing,
): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
  signal.throwIfAborted()
  const fault = faults.find((each) => each.call === call)
  const pieces = fault ? answer.slice(0, fault.afterPieces ?? 0) : answer
  const start = timer.now()
  let atMs = 0
  // By the time since the start, so that pauses that take too long do not add up.
  const until = async (ms: number) => {
    atMs += speed === 0 ? 0 : ms / speed
    for (let left = start + atMs - timer.now(); left >= SHORTEST_PAUSE_MS; left = start + atMs - timer.now())
      await timer.sleep(Math.min(left, LONGEST_SLEEP_MS), signal)
    signal.throwIfAborted()
  }
  for (const [index, piece] of pieces.entries()) {
    // Without this turn, a long answer would be one chain of microtasks, and nothing else would run meanwhile.
    if (index % PIECES_PER_TURN === PIECES_PER_TURN - 1) await setImmediate()
    await until(piece.afterMs ?? 0)
    yield pieceOf(piece)
  }
  await until(fault ? 0 : (end.afterMs ?? 0))
  await failAs(fault ?? end, provider, signal)
  const { finishReason, usage } = end
  return { ...(usage && { usage }), ...(finishReason && { finishReason }) }
}

function pieceOf({ afterMs: _, ...piece }: FixturePiece): CompletionPiece {
  return piece.type === 'text' && piece.carry === undefined ? piece.text : piece
}

/** Returns if there is no failure. */
async function failAs(
  { error: code, message, hang, ...rest }: FixtureFailure,
  provider: string,
  signal: AbortSignal,
): Promise<void> {
  if (hang) await untilAborted(signal)
  if (code === undefined) return
  const { retryable, retryAfterMs, status } = rest
  throw new ProviderError(`${provider} failed as its fixture says (${code})`, {
    code,
    retryable,
    retryAfterMs,
    status,
    sentence: message,
  })
}

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
