import { AsyncLocalStorage } from 'node:async_hooks'
import { performance } from 'node:perf_hooks'

/** Readers run outside the async context of the job that woke them, so an error in a reader never fails that job. */
const outsideAnyRun = AsyncLocalStorage.snapshot()

/** How long readers are woken in one turn of the event loop, in milliseconds. Then other work has its turn, such as requests. */
const TURN_MS = 5
/** The event loop accepts one new connection in each turn (libuv 1.52), so it gets so many turns between two parts of the readers. */
const TURNS_BETWEEN = 4
/** So many readers of one source are woken in a row. They get the same text, which is encoded once. */
const IN_A_ROW = 64

let due: Pick<Waker<unknown>, 'wakeSome'>[] = []

/**
 * Wakes the readers of one source when the event loop has read everything that has arrived from the network, together with those
 * of all other sources that are due. So tokens that arrived together are sent together. The writes to many sockets follow each
 * other, and only the first one has to wake the process at the other end: 8 µs a write instead of 13
 * (docs/decisions/2026-11-25-cost-of-a-job.md). A lone token waits only for the end of the turn of the event loop.
 *
 * Thousands of readers are woken in several turns, and sources take turns.
 */
export class Waker<Reader> {
  readonly #readers: ReadonlySet<Reader>
  readonly #wake: (reader: Reader) => void
  #isDue = false
  /** The readers that are still to be woken, once the first one was. */
  #rest: Iterator<Reader> | undefined
  /** Whether there is something new for the readers that were woken already. */
  #isRepeated = false

  /** @param readers may change at any time */
  constructor(readers: ReadonlySet<Reader>, wake: (reader: Reader) => void) {
    this.#readers = readers
    this.#wake = wake
  }

  /** Wakes all readers. Calls that come together wake them once. */
  wakeSoon(): void {
    if (this.#rest) this.#isRepeated = true
    if (this.#isDue || this.#readers.size === 0) return
    this.#isDue = true
    if (due.length === 0) setImmediate(outsideAnyRun, wakeDue)
    due.push(this)
  }

  /**
   * Wakes at least one reader.
   * @param until the time after which no more readers are woken
   * @returns whether there are more readers to wake
   */
  wakeSome(until: number): boolean {
    this.#rest ??= this.#readers.values()
    let woken = 0
    do {
      const { done, value } = this.#rest.next()
      if (done) return this.#isPassRepeated()
      this.#wake(value)
      woken++
    } while (woken < IN_A_ROW && performance.now() < until)
    return true
  }

  #isPassRepeated(): boolean {
    this.#rest = undefined
    this.#isDue = this.#isRepeated
    this.#isRepeated = false
    return this.#isDue
  }
}

function wakeDue(): void {
  const line = due
  due = []
  const until = performance.now() + TURN_MS
  let next = 0
  try {
    do {
      const waker = line[next]
      if (waker?.wakeSome(until)) line.push(waker)
      next++
    } while (next < line.length && performance.now() < until)
  } finally {
    // Also if one throws: the others are woken in a later turn.
    if (next < line.length) {
      if (due.length === 0) wakeAfter(TURNS_BETWEEN)
      due = [...line.slice(next), ...due]
    }
  }
}

function wakeAfter(turns: number): void {
  if (turns === 0) setImmediate(outsideAnyRun, wakeDue)
  else setImmediate(wakeAfter, turns - 1)
}
