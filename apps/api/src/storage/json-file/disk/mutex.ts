/** Runs one task at a time, in the order in which they are given. */
export class Mutex {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as the task does. A task that fails does not hold up the next one. */
  run<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(task)
    this.#last = result.catch(() => {})
    return result
  }
}
