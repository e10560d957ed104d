import type { JsonValue } from '@promptlab/providers'
import type { Answer } from '../answer/answer.ts'
import type { StoredRunningJob } from '../job.ts'
import type { Choices } from './choices.ts'
import type { JobRunDeps } from './run-deps.ts'
import type { RunProgress } from './run-progress.ts'
import type { TimeLimitWatch } from './time-limits.ts'
import { unlessStuck } from './unless-stuck.ts'
import { canJoin, hasEndedRun, type JoiningProvider, VendorRun } from './vendor-run.ts'

type KeptVendorRunDeps = Pick<JobRunDeps, 'providerOf' | 'policy' | 'store'>

/** What the run of the job gives to its run at the vendor. */
interface RunParts {
  readonly choices: Choices
  readonly progress: Pick<RunProgress, 'current'>
  readonly answer: Pick<Answer, 'stored'>
  /** Ends the run of the job. */
  readonly signal: AbortSignal
  readonly log: (message: string, error: unknown) => void
}

/** The run at the vendor that a job has, by the handle in its record. */
export class KeptVendorRun {
  readonly #deps: KeptVendorRunDeps
  readonly #parts: RunParts
  /** Whether the record has a handle, of this run or of one that has ended. */
  #hasHandle: boolean
  #current: VendorRun | undefined

  constructor({ runState }: StoredRunningJob, deps: KeptVendorRunDeps, parts: RunParts) {
    this.#deps = deps
    this.#parts = parts
    const { vendorRun } = runState ?? {}
    this.#hasHandle = vendorRun !== undefined
    const joined = vendorRun && deps.providerOf(vendorRun.provider)
    if (vendorRun && canJoin(joined)) this.#current = this.#joinable(joined, vendorRun.model, vendorRun.handle)
  }

  /** The run, once its handle is stored. Undefined if the vendor has none that can be joined. */
  get current(): VendorRun | undefined {
    return this.#current
  }

  /** Stores by what the run at the vendor can be joined again, before anything behind it is published. */
  async keep(handle: JsonValue, watch: TimeLimitWatch): Promise<void> {
    const { provider: name, model } = this.#parts.choices.current
    const provider = this.#deps.providerOf(name)
    if (!canJoin(provider)) return
    watch.pause()
    await this.#store({ vendorRun: { provider: name, model, handle } })
    this.#current = this.#joinable(provider, model, handle)
    watch.resume()
  }

  /** Whether the record has a handle: `forget` it before another call, or a crash would let that run be joined in its place. */
  get hasHandle(): boolean {
    return this.#hasHandle
  }

  /** Stores that there is no run to join, and which choice is asked. */
  async forget(): Promise<void> {
    this.#current = undefined
    await this.#store()
  }

  /** @param error why the call of the run failed */
  callFailed(error: unknown): void {
    if (hasEndedRun(error)) this.#current = undefined
  }

  async #store(kept: { vendorRun?: { provider: string; model: string; handle: JsonValue } } = {}): Promise<void> {
    const { choices, progress, signal } = this.#parts
    this.#hasHandle = kept.vendorRun !== undefined
    await unlessStuck(this.#deps.store({ ...progress.current, runState: { ...choices.runState, ...kept } }), signal)
  }

  #joinable(provider: JoiningProvider, model: string, handle: JsonValue): VendorRun {
    const { signal, answer, log } = this.#parts
    return new VendorRun({
      ...{ provider, handle, model, signal, delayMs: this.#deps.policy.retryDelayMs },
      answer: () => answer.stored,
      onBreak: (error) => log('joining the run at the vendor again', error),
      onCancelFailure: (error) => log('could not cancel the run at the vendor', error),
    })
  }
}
