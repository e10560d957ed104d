import type { Fallback, ProviderErrorCode } from '@promptlab/contract'
import { ProviderError } from '@promptlab/providers'
import { BudgetReachedError } from '../budget/budget-reached-error.ts'
import type { StoredJob } from '../job.ts'
import type { RunState } from '../run-state.ts'

/** Whom a call asks. */
export type Choice = Fallback

type Asked = Pick<StoredJob, 'provider' | 'model' | 'fallbacks' | 'runState'>

/** The provider of a choice is not there any more: the job waited over a restart with another configuration. */
export class ProviderGoneError extends ProviderError {
  constructor(name: string) {
    super(`There is no provider ${name} any more`, { code: 'provider-rejected' })
  }
}

/**
 * Failures after which the next fallback is asked. Not `provider-rejected`: the vendor says that the request itself is at
 * fault. A prompt that is too long for one model may fit another.
 */
const PASSED_ON: ReadonlySet<ProviderErrorCode> = new Set([
  'provider-auth',
  'provider-rate-limited',
  'provider-quota-exceeded',
  'provider-unavailable',
  'provider-timeout',
  'provider-malformed',
  'model-unavailable',
  'prompt-too-long',
])

/** Whether another choice may do better after a failure, as long as nothing was published. A cheaper one may be affordable. */
export function mayPassOn(error: unknown): boolean {
  if (error instanceof ProviderGoneError || error instanceof BudgetReachedError) return true
  return error instanceof ProviderError && PASSED_ON.has(error.code)
}

/** Whom a job may ask, in order: its own provider and model, then its fallbacks. A later run goes on where the last one was. */
export class Choices {
  readonly #all: readonly Choice[]
  readonly #before: RunState
  #index: number

  constructor({ provider, model, fallbacks = [], runState }: Asked) {
    this.#all = [{ provider, model }, ...fallbacks]
    const { vendorRun: _, ...before } = runState ?? {}
    this.#before = before
    this.#index = Math.min(runState?.choice ?? 0, fallbacks.length)
  }

  /** What a later run has to know, without a run at a vendor. */
  get runState(): RunState {
    return { ...this.#before, ...(this.#index > 0 && { choice: this.#index }) }
  }

  get current(): Choice {
    const choice = this.#all[this.#index]
    if (!choice) throw new Error('A job has at least one choice')
    return choice
  }

  /** Whether every call is noted, also of providers that are free, because they tell who answered. */
  get areSeveral(): boolean {
    return this.#all.length > 1
  }

  /** Undefined as long as no fallback was asked. */
  get fallback(): Choice | undefined {
    return this.#index === 0 ? undefined : this.current
  }

  get hasNext(): boolean {
    return this.#index + 1 < this.#all.length
  }

  /** Turns to the next choice, if there is one. */
  next(): void {
    if (this.hasNext) this.#index++
  }
}
