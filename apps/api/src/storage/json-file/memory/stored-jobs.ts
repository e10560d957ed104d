import type { JobPosition } from '../../../jobs/ports/job-repository.ts'
import type { JobChanges, JobEntries, JobEntry } from './job-entry.ts'
import { ListOrder } from './list-order.ts'

/** The jobs that the disk has, in memory, and who has which idempotency key. */
export class StoredJobs {
  /** In the order of creation. */
  readonly #entries: Map<string, JobEntry>
  readonly #idsByKey = new Map<string, string>()
  readonly #order: ListOrder<JobEntry>
  #bytes = 0
  readonly #pendingBytes = new Map<string | undefined, number>()

  constructor(entries: JobEntries) {
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]))
    this.#order = new ListOrder(entries)
    for (const entry of entries) {
      this.#addKey(entry)
      this.#count(entry, 1)
    }
  }

  get count(): number {
    return this.#entries.size
  }

  /** What the jobs take in a file. */
  get bytes(): number {
    return this.#bytes
  }

  /** What the lines of pending jobs take, by owner. */
  get pendingBytes(): ReadonlyMap<string | undefined, number> {
    return this.#pendingBytes
  }

  get(id: string): JobEntry | undefined {
    return this.#entries.get(id)
  }

  findByKey(key: string): JobEntry | undefined {
    const id = this.#idsByKey.get(key)
    return id === undefined ? undefined : this.#entries.get(id)
  }

  inOrderOfCreation(): Iterable<JobEntry> {
    return this.#entries.values()
  }

  /** All of them as they are now. */
  all(): JobEntries {
    return [...this.#entries.values()]
  }

  /** Those that match as the list shows them: newest first, of all or of those that come after a position. */
  newest(limit: number, after: JobPosition | undefined, matches: (entry: JobEntry) => boolean): JobEntry[] {
    return this.#order.newest(limit, after, matches)
  }

  /** Those that match, oldest first, of all or of those that come after a position in this order. */
  oldest(limit: number, after: JobPosition | undefined, matches: (entry: JobEntry) => boolean): JobEntry[] {
    return this.#order.oldest(limit, after, matches)
  }

  /** What will be stored once the changes are. */
  with(changes: JobChanges): JobEntries {
    const entries = new Map(this.#entries)
    for (const [id, entry] of changes) {
      if (entry) entries.set(id, entry)
      else entries.delete(id)
    }
    return [...entries.values()]
  }

  /** Takes over changes that the disk has. */
  apply(changes: JobChanges): void {
    this.#order.remove(this.#displacedBy(changes))
    for (const [id, entry] of changes) {
      this.#count(this.#entries.get(id), -1)
      this.#count(entry, 1)
      if (entry) {
        this.#order.set(entry)
        this.#entries.set(id, entry)
        this.#addKey(entry)
      } else {
        this.#removeKey(id)
        this.#entries.delete(id)
      }
    }
  }

  #count(entry: JobEntry | undefined, sign: 1 | -1): void {
    if (!entry) return
    const { line, status, owner } = entry
    this.#bytes += sign * line.length
    if (status !== 'pending') return
    const bytes = (this.#pendingBytes.get(owner) ?? 0) + sign * line.length
    if (bytes === 0) this.#pendingBytes.delete(owner)
    else this.#pendingBytes.set(owner, bytes)
  }

  /** Those that lose their place in the list: they are removed, or make room for another job under the same id. */
  #displacedBy(changes: JobChanges): JobEntry[] {
    const displaced: JobEntry[] = []
    for (const [id, entry] of changes) {
      const old = this.#entries.get(id)
      if (old && old.createdAt !== entry?.createdAt) displaced.push(old)
    }
    return displaced
  }

  #addKey({ id, idempotency }: JobEntry): void {
    if (idempotency) this.#idsByKey.set(idempotency.key, id)
  }

  #removeKey(id: string): void {
    const key = this.#entries.get(id)?.idempotency?.key
    // The key may have gone to a later job, a day after this one.
    if (key !== undefined && this.#idsByKey.get(key) === id) this.#idsByKey.delete(key)
  }
}
