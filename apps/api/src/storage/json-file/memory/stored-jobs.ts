import { historyBytes } from '../../../jobs/job.ts'
import type { ChangePosition } from '../../../jobs/ports/job-changes.ts'
import type { JobPosition } from '../../../jobs/ports/stored-values.ts'
import type { UsageEntry } from '../../../jobs/usage/usage-entry.ts'
import { UsageTally } from '../../../jobs/usage/usage-tally.ts'
import { BudgetTally } from './budget-tally.ts'
import { add } from './counts.ts'
import { FirstOf } from './first-of.ts'
import type { JobChanges, JobEntries, JobEntry, RemovedUsage } from './job-entry.ts'
import { compare, ListOrder } from './list-order.ts'
import { RequestIndex } from './request-index.ts'

/** An entry of the ledger takes about so much in the file. */
const USAGE_BYTES = 220

/** A copy in memory of the jobs on disk, with indexes by id, by idempotency key, by request and by the order of `GET /jobs`. */
export class StoredJobs {
  /** In the order of creation. */
  readonly #entries: Map<string, JobEntry>
  readonly #idsByKey = new Map<string, string>()
  readonly #order: ListOrder<JobEntry>
  readonly #requests = new RequestIndex()
  /** The jobs that go on and that somebody waits for. */
  readonly #watched = new Map<string, number>()
  /** The jobs that have ended and are to be told, and when. */
  readonly #untold = new Map<string, number>()
  /** What jobs have reserved and spent. */
  readonly budgets = new BudgetTally()
  #bytes = 0
  readonly #pendingBytes = new Map<string | undefined, number>()
  /** How many jobs refer to each item. */
  readonly #itemUses = new Map<string, number>()
  /** The blocks of messages that refer to items, and how many jobs refer to each of them. */
  readonly #blockUses = new Map<string, number>()
  /** The bytes of the items of jobs, by owner. */
  readonly #itemBytes = new Map<string | undefined, number>()

  /** What the jobs that were removed added to the ledger. */
  readonly #removedUsage: UsageTally

  constructor(entries: JobEntries, removedUsage: readonly UsageEntry[] = []) {
    this.#removedUsage = new UsageTally(removedUsage)
    this.budgets.countUsages(removedUsage, 1)
    this.#entries = new Map(entries.map((entry) => [entry.id, entry]))
    this.#order = new ListOrder(entries)
    for (const entry of entries) {
      this.#addKey(entry)
      this.#requests.replace(undefined, entry)
      this.#watch(entry.id, entry)
      this.#tell(entry.id, entry)
      this.#count(entry, 1)
    }
  }

  get count(): number {
    return this.#entries.size
  }

  /** The size of all lines together, and about that of the ledger. */
  get bytes(): number {
    return this.#bytes + this.#removedUsage.size * USAGE_BYTES
  }

  /** What the jobs that were removed added to the ledger. */
  get removedUsage(): UsageEntry[] {
    return this.#removedUsage.entries()
  }

  /** The ledger. */
  *usage(): Generator<UsageEntry> {
    yield* this.#removedUsage.entries()
    for (const { usages } of this.#entries.values()) yield* usages
  }

  /** What the lines, the blocks and the items of pending jobs take, by owner. */
  get pendingBytes(): ReadonlyMap<string | undefined, number> {
    return this.#pendingBytes
  }

  /** The bytes of the items that the jobs of each owner refer to. */
  get itemBytes(): ReadonlyMap<string | undefined, number> {
    return this.#itemBytes
  }

  /** The items that jobs refer to. */
  get usedItems(): Iterable<string> {
    return this.#itemUses.keys()
  }

  /** The blocks of messages of all jobs, as far as they refer to items. */
  get blocks(): Iterable<string> {
    return this.#blockUses.keys()
  }

  /** Whether a job refers to an item. */
  usesItem(id: string): boolean {
    return this.#itemUses.has(id)
  }

  get(id: string): JobEntry | undefined {
    return this.#entries.get(id)
  }

  findByKey(key: string): JobEntry | undefined {
    const id = this.#idsByKey.get(key)
    return id === undefined ? undefined : this.#entries.get(id)
  }

  /** The jobs that were made of a request and have not failed or been cancelled, newest first. */
  findByRequest(digest: string, limit: number): JobEntry[] {
    return this.#requests.newest(digest, limit)
  }

  /**
   * The jobs that go on, and that nobody waits for any more, those first whose time passed first.
   * @param now milliseconds since the epoch
   */
  findUnwatched(now: number, limit: number): JobEntry[] {
    return this.#due(this.#watched, now, limit)
  }

  /**
   * The jobs that have ended and are to be told now, those first that are due longest.
   * @param now milliseconds since the epoch
   */
  findUntold(now: number, limit: number): JobEntry[] {
    return this.#due(this.#untold, now, limit)
  }

  /** The jobs whose time has come, those first whose time came first. */
  #due(times: ReadonlyMap<string, number>, now: number, limit: number): JobEntry[] {
    const first = new FirstOf<[id: string, time: number]>(
      limit,
      ([a, earlier], [b, later]) => earlier - later || compare(a, b),
    )
    for (const each of times) if (each[1] <= now) first.add(each)
    return first.sorted().flatMap(([id]) => this.#entries.get(id) ?? [])
  }

  /** The jobs that match and changed behind a position, in the order of their changes. Goes through all jobs. */
  findChanged(limit: number, after: ChangePosition, matches: (entry: JobEntry) => boolean): JobEntry[] {
    const time = Date.parse(after.updatedAt)
    const first = new FirstOf<JobEntry>(limit, (a, b) => a.updatedAt - b.updatedAt || compare(a.id, b.id))
    for (const entry of this.#entries.values()) {
      if (entry.updatedAt < time || (entry.updatedAt === time && compare(entry.id, after.id) <= 0)) continue
      if (matches(entry)) first.add(entry)
    }
    return first.sorted()
  }

  inOrderOfCreation(): Iterable<JobEntry> {
    return this.#entries.values()
  }

  /** A copy of the list of all jobs. */
  all(): JobEntries {
    return [...this.#entries.values()]
  }

  /** The newest jobs that match, newest first. With `after`, only jobs that are older than that position. */
  newest(limit: number, after: JobPosition | undefined, matches: (entry: JobEntry) => boolean): JobEntry[] {
    return this.#order.newest(limit, after, matches)
  }

  /** The oldest jobs that match, oldest first. With `after`, only jobs that are newer than that position. */
  oldest(limit: number, after: JobPosition | undefined, matches: (entry: JobEntry) => boolean): JobEntry[] {
    return this.#order.oldest(limit, after, matches)
  }

  /** All jobs as they will be after the changes. Does not apply them. */
  with(changes: JobChanges): JobEntries {
    const entries = new Map(this.#entries)
    for (const [id, entry] of changes) {
      if (entry) entries.set(id, entry)
      else entries.delete(id)
    }
    return [...entries.values()]
  }

  /** What removed jobs added to the ledger, as it will be after more are removed. Does not apply that. */
  removedUsageWith(removed: RemovedUsage): UsageEntry[] {
    return new UsageTally([...this.#removedUsage.entries(), ...[...removed.values()].flat()]).entries()
  }

  /** Applies changes that are on disk. */
  apply(changes: JobChanges, removedUsage: RemovedUsage): void {
    for (const usages of removedUsage.values()) {
      for (const usage of usages) this.#removedUsage.add(usage)
      this.budgets.countUsages(usages, 1)
    }
    this.#order.remove(this.#displacedBy(changes))
    for (const [id, entry] of changes) {
      this.#requests.replace(this.#entries.get(id), entry)
      this.#watch(id, entry)
      this.#tell(id, entry)
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

  #watch(id: string, entry: JobEntry | undefined): void {
    if (entry?.watchedUntil === undefined) this.#watched.delete(id)
    else this.#watched.set(id, entry.watchedUntil)
  }

  #tell(id: string, entry: JobEntry | undefined): void {
    if (entry?.notifyAt === undefined || entry.endedAt === undefined) this.#untold.delete(id)
    else this.#untold.set(id, entry.notifyAt)
  }

  #count(entry: JobEntry | undefined, sign: 1 | -1): void {
    if (!entry) return
    this.#bytes += sign * entry.bytes
    this.budgets.count(entry, sign)
    let itemBytes = 0
    for (const [item, bytes] of entry.items ?? []) {
      add(this.#itemUses, item, sign)
      itemBytes += bytes
    }
    for (const { item, keptBytes } of entry.history ?? []) {
      if (keptBytes === undefined) continue
      const before = this.#blockUses.get(item) ?? 0
      add(this.#blockUses, item, sign)
      // What a block refers to counts once for all jobs that share it.
      if (before === 0 || before + sign === 0) add(this.#itemBytes, entry.owner, sign * keptBytes)
    }
    add(this.#itemBytes, entry.owner, sign * itemBytes)
    const inputBytes = entry.bytes + itemBytes + historyBytes(entry.history)
    if (entry.status === 'pending') add(this.#pendingBytes, entry.owner, sign * inputBytes)
  }

  /** The entries that leave the list: the job is removed, or another job gets its id. */
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
    // A day after this job, the key may have been given to another one.
    if (key !== undefined && this.#idsByKey.get(key) === id) this.#idsByKey.delete(key)
  }
}
