import type { HandedJob, JobHandler, PutBack } from '../../src/jobs/ports/job-queue.ts'

/** A handler whose runs end when the test says so. */
export class GatedHandler implements JobHandler {
  /** Every id that was handed out, in order. */
  readonly started: string[] = []
  /** Every id that was passed to `stop`. */
  readonly stopped: string[] = []
  /** The largest number of simultaneous runs. */
  mostAtOnce = 0
  readonly #gates = new Map<string, PromiseWithResolvers<PutBack | undefined>>()
  readonly #waiting: (() => void)[] = []

  run({ id }: Pick<HandedJob, 'id'>): Promise<PutBack | undefined> {
    const gate = Promise.withResolvers<PutBack | undefined>()
    this.started.push(id)
    this.#gates.set(id, gate)
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#gates.size)
    this.#wake()
    return gate.promise
  }

  async stop(id: string): Promise<boolean> {
    this.stopped.push(id)
    const isHere = this.#gates.has(id)
    await this.finish(id)
    this.#wake()
    return isHere
  }

  /** @param putBack the job goes back in line */
  async finish(id: string, putBack?: PutBack): Promise<void> {
    this.#gates.get(id)?.resolve(putBack)
    this.#gates.delete(id)
    // Lets the queue react to the end of the run.
    await new Promise((resolve) => setImmediate(resolve))
  }

  /** Ends all that run now. */
  async finishAll(): Promise<void> {
    for (const id of this.#gates.keys()) await this.finish(id)
  }

  /** Resolves when `count` jobs have been handed out in all. */
  async hasStarted(count: number): Promise<void> {
    await this.#until(() => this.started.length >= count)
  }

  async hasStopped(id: string): Promise<void> {
    await this.#until(() => this.stopped.includes(id))
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve()
  }
}
