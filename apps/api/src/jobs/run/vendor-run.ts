import { setTimeout as sleep } from 'node:timers/promises'
import {
  type CompletionPiece,
  type CompletionSummary,
  type JsonValue,
  type LLMProvider,
  ProviderError,
} from '@promptlab/providers'
import { LinkedAbort } from '../../base/linked-abort.ts'
import { KnownAnswer } from '../answer/known-answer.ts'
import { belongsToAnswer } from '../answer/piece.ts'
import type { StoredAnswer } from '../answer/stored-answer.ts'
import { isUnjoinable, JobInterruptedError, JobLostError, VendorRunGoneError } from './job-failure.ts'
import type { TimeLimitWatch } from './time-limits.ts'

/** A provider whose runs can be joined again. */
export type JoiningProvider = LLMProvider & Required<Pick<LLMProvider, 'rejoin'>>

export function canJoin(provider: LLMProvider | undefined): provider is JoiningProvider {
  return provider?.rejoin !== undefined
}

interface VendorRunDeps {
  readonly provider: JoiningProvider
  readonly handle: JsonValue
  readonly model: string
  /** Ends the run of the job. */
  readonly signal: AbortSignal
  /** What there is of the answer at this moment. */
  readonly answer: () => StoredAnswer
  /** The shortest pause before the run is joined once more, in milliseconds. It doubles each time that nothing new came. */
  readonly delayMs: number
  readonly onBreak: (error: ProviderError) => void
  readonly onCancelFailure: (error: unknown) => void
}

const LONGEST_DELAY_MS = 5_000
/** A vendor that asks for a longer pause is asked again nevertheless. */
const LONGEST_TOLD_MS = 60_000
/** How often a run is joined that gives nothing new, if its vendor can be reached. */
const MAX_USELESS_JOINS = 3
/** How long cancelling a run at its vendor may take, in milliseconds, and how often it is tried. */
const CANCEL_MS = 5_000
const MAX_CANCELS = 3

const BREAKS: ReadonlySet<string> = new Set([
  'provider-unavailable',
  'provider-rate-limited',
  'provider-timeout',
  'provider-malformed',
])

/** Failures that say nothing of the run: it is joined again as long as its job may take. */
const AWAY: ReadonlySet<string> = new Set(['provider-unavailable', 'provider-rate-limited'])

/** Whether a run may go on at its vendor although a call failed so. */
export function mayGoOn(error: unknown): error is ProviderError {
  return error instanceof ProviderError && !error.hasEndedRun && BREAKS.has(error.code)
}

/** Whether the run itself has failed at its vendor. */
export function hasEndedRun(error: unknown): boolean {
  return error instanceof ProviderError && error.hasEndedRun
}

/** A run at a vendor that can be joined again, because its handle is stored. */
export class VendorRun {
  readonly #deps: VendorRunDeps
  /** Whether the last join gave anything new. */
  #hasGrown = false

  constructor(deps: VendorRunDeps) {
    this.#deps = deps
  }

  /**
   * Joins the run, as often as its connection breaks, and gives what the answer does not have yet. Pieces that are known are
   * signs of life.
   * @param broken why the run has to be joined; undefined if this process did not read it before
   * @throws VendorRunGoneError
   * @throws OtherAnswerError the run says something else than before
   * @throws ProviderError, or the reason of the signal
   */
  async *join(
    broken: ProviderError | undefined,
    watch: TimeLimitWatch,
  ): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
    let failure = broken
    for (let joins = 0, useless = 0; ; joins++) {
      if (failure) await this.#pauseAfter(failure, joins)
      try {
        return yield* this.#joinOnce(watch)
      } catch (error) {
        failure = this.#passing(error)
        if (this.#hasGrown) joins = useless = 0
        else if (!AWAY.has(failure.code) && ++useless === MAX_USELESS_JOINS) throw failure
      }
    }
  }

  async *#joinOnce(watch: TimeLimitWatch): AsyncGenerator<CompletionPiece, CompletionSummary | undefined> {
    const { provider, handle, model, signal, answer } = this.#deps
    // One attempt can end alone: a silent vendor may go on behind a connection that is broken.
    const end = new LinkedAbort(signal)
    watch.callStarted((error) => end.abort(error))
    this.#hasGrown = false
    const known = new KnownAnswer(answer())
    const joined = provider.rejoin(handle, { model, signal: end.signal })
    try {
      for (let next = await joined.next(); ; next = await joined.next()) {
        if (next.done) {
          known.end()
          return next.value
        }
        const news = belongsToAnswer(next.value) ? known.take(next.value) : undefined
        this.#hasGrown ||= news !== undefined
        yield news ?? ALIVE
      }
    } finally {
      watch.callEnded()
      end.unlink()
      // Not awaited: a provider that is stuck never settles it.
      joined.return(undefined).catch(() => {})
    }
  }

  /**
   * Cancels the run at the vendor, so that it costs nothing more, unless it is over or goes on for another process. Nobody waits
   * for that.
   * @param reason why the run of the job ended
   */
  endAfter(reason: unknown): void {
    const isOver = isUnjoinable(reason) || hasEndedRun(reason)
    if (isOver || reason instanceof JobLostError || reason instanceof JobInterruptedError) return
    this.#cancel().catch(this.#deps.onCancelFailure)
  }

  async #cancel(): Promise<void> {
    const { provider, handle, model, delayMs } = this.#deps
    const signal = AbortSignal.timeout(CANCEL_MS)
    for (let attempt = 1; ; attempt++) {
      try {
        await provider.cancelRun?.(handle, { model, signal })
        return
      } catch (error) {
        if (attempt === MAX_CANCELS || signal.aborted) throw error
        await sleep(delayMs, undefined, { ref: false })
      }
    }
  }

  /**
   * The failure of a join after which another one may succeed.
   * @throws what ends the run of the job
   */
  #passing(error: unknown): ProviderError {
    const { signal } = this.#deps
    if (signal.aborted) throw signal.reason
    if (mayGoOn(error)) return error
    const isGone = error instanceof ProviderError && error.code === 'provider-rejected' && !error.hasEndedRun
    throw isGone ? new VendorRunGoneError(error) : error
  }

  async #pauseAfter(failure: ProviderError, joins: number): Promise<void> {
    const { signal, delayMs, onBreak } = this.#deps
    onBreak(failure)
    const pauseMs = Math.min(delayMs * 2 ** joins, LONGEST_DELAY_MS)
    const toldMs = Math.min(failure.retryAfterMs ?? 0, LONGEST_TOLD_MS)
    await sleep(Math.max(pauseMs, toldMs), undefined, { signal })
  }
}

/** One object for all: it has no content. */
const ALIVE: CompletionPiece = Object.freeze({ type: 'alive' })
