import type { WriteStream } from 'node:tty'
import { Presets, SingleBar } from 'cli-progress'

const LINE_INTERVAL_MS = 10_000

/** Shows the progress of an import: a bar in a terminal, a line every 10 s elsewhere. */
export class ImportProgress {
  readonly #output: WriteStream
  readonly #bar: SingleBar | undefined
  #isStarted = false
  #lineAt = performance.now()

  constructor(output: WriteStream) {
    this.#output = output
    if (!output.isTTY) return
    const format = '{bar} {percentage}% | {value} of {total} jobs | {duration_formatted}, {eta_formatted} left'
    this.#bar = new SingleBar({ stream: output, format, hideCursor: true }, Presets.shades_classic)
  }

  update(done: number, total: number): void {
    if (this.#bar) {
      if (!this.#isStarted) this.#bar.start(total, done)
      else this.#bar.update(done)
      this.#isStarted = true
      return
    }
    const now = performance.now()
    if (now - this.#lineAt < LINE_INTERVAL_MS) return
    this.#lineAt = now
    this.#output.write(`${done} of ${total} jobs\n`)
  }

  /** Restores the terminal. Harmless when repeated. */
  stop(): void {
    this.#bar?.stop()
  }
}
