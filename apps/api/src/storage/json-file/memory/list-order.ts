import type { JobPosition } from '../../../jobs/ports/stored-values.ts'

/** Jobs in the order of `GET /jobs`. It stays sorted: a new job nearly always goes to the end, which costs less than sorting. */
export class ListOrder<Entry extends JobPosition> {
  /** Oldest first. */
  #entries: Entry[]

  constructor(entries: readonly Entry[]) {
    this.#entries = entries.toSorted(comparePositions)
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** Adds an entry. An entry of the same job is replaced. */
  set(entry: Entry): void {
    const index = this.#indexOf(entry)
    this.#entries.splice(index, this.#entries[index]?.id === entry.id ? 1 : 0, entry)
  }

  /** Removes all these entries in one pass. */
  remove(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    const indexes = new Set(entries.map((entry) => this.#indexOf(entry)))
    this.#entries = this.#entries.filter((_, index) => !indexes.has(index))
  }

  /** The newest entries that match, newest first. With `after`, only entries that are older than that position. */
  newest(limit: number, after: JobPosition | undefined, matches: (entry: Entry) => boolean): Entry[] {
    const found: Entry[] = []
    // A plain loop, because a filter that few entries match goes through all of them.
    for (let index = after ? this.#indexOf(after) : this.#entries.length; index-- > 0 && found.length < limit; ) {
      const entry = this.#entries[index]
      if (entry && matches(entry)) found.push(entry)
    }
    return found
  }

  /** The oldest entries that match, oldest first. With `after`, only entries that are newer than that position. */
  oldest(limit: number, after: JobPosition | undefined, matches: (entry: Entry) => boolean): Entry[] {
    const found: Entry[] = []
    for (let index = after ? this.#indexBehind(after) : 0; index < this.#entries.length; index++) {
      if (found.length === limit) break
      const entry = this.#entries[index]
      if (entry && matches(entry)) found.push(entry)
    }
    return found
  }

  #indexBehind(job: JobPosition): number {
    const index = this.#indexOf(job)
    return this.#entries[index]?.id === job.id ? index + 1 : index
  }

  /** The index that the job has or would have. It is the number of older entries. */
  #indexOf(job: JobPosition): number {
    const newest = this.#entries.at(-1)
    if (!newest || comparePositions(newest, job) < 0) return this.#entries.length
    let low = 0
    let high = this.#entries.length - 1
    while (low < high) {
      const middle = (low + high) >> 1
      const entry = this.#entries[middle]
      if (entry && comparePositions(entry, job) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Negative when `a` is older. Of two jobs with the same time, the one with the smaller id counts as older. */
function comparePositions(a: JobPosition, b: JobPosition): number {
  return compare(a.createdAt, b.createdAt) || compare(a.id, b.id)
}

/** Compares by code units. The SQL stores compare bytes, which gives the same order for times and ids. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
