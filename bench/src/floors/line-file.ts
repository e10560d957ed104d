import { fdatasync, openSync, write } from 'node:fs'

/** The least time between two flushes that no request waits for, in milliseconds: as long as the server's. */
const PACE_MS = 25

/** A file to which lines are appended. All that wait for the disk at one time share a flush. */
export class LineFile {
  readonly #file: number
  #lines = ''
  #waiting: PromiseWithResolvers<void>[] = []
  #isFlushing = false
  #timer: NodeJS.Timeout | undefined

  constructor(path: string) {
    this.#file = openSync(path, 'a')
  }

  /** Appends a line and flushes in this turn of the event loop, for a request that waits. */
  commit(line: string): Promise<void> {
    setImmediate(() => this.#flush())
    return this.#add(line)
  }

  /** Appends a line, which is flushed within 25 ms. */
  append(line: string): Promise<void> {
    this.#timer ??= setTimeout(() => this.#flush(), PACE_MS)
    return this.#add(line)
  }

  #add(line: string): Promise<void> {
    const waiting = Promise.withResolvers<void>()
    this.#lines += line
    this.#waiting.push(waiting)
    return waiting.promise
  }

  #flush(): void {
    if (this.#isFlushing || this.#lines === '') return
    const [lines, waiting] = [this.#lines, this.#waiting]
    clearTimeout(this.#timer)
    this.#lines = ''
    this.#waiting = []
    this.#timer = undefined
    this.#isFlushing = true
    const done = (error: Error | null) => {
      this.#isFlushing = false
      for (const { resolve, reject } of waiting) error ? reject(error) : resolve()
      this.#flush()
    }
    write(this.#file, lines, (error) => (error ? done(error) : fdatasync(this.#file, done)))
  }
}
