import type { DoorClient } from '../../../jobs/door.ts'
import type { StoredJob } from '../../../jobs/job.ts'
import { type CallerBudget, checkLeft } from '../../../jobs/ports/caller-budget.ts'
import { JobConflictError, PreviousJobGoneError } from '../../../jobs/ports/storage-errors.ts'
import {
  type ClientState,
  type DeliveryState,
  IDEMPOTENCY_WINDOW_MS,
  type IdempotencyKey,
  type JobCheckpoint,
  type JobExpiry,
  type JobState,
  type KeyedJob,
} from '../../../jobs/ports/stored-values.ts'
import type { RunState } from '../../../jobs/run-state.ts'
import type { UsageEntry } from '../../../jobs/usage/usage-entry.ts'
import { BudgetTally, budgetStates } from './budget-tally.ts'
import { inState } from './fields-of-state.ts'
import { grownJob, growthOf } from './growth.ts'
import { type JobChanges, JobEntry, type RemovedUsage } from './job-entry.ts'
import { hasKeptFields, isSameClient, withKeptFieldsOf } from './kept-fields.ts'
import type { StoredJobs } from './stored-jobs.ts'

/**
 * The store as it will be after a commit. The changes of the commit are applied to it one after the other: step 3 of the
 * picture at `JsonFileJobRepository`.
 */
export class Draft {
  readonly #stored: StoredJobs
  readonly #changes = new Map<string, JobEntry | undefined>()
  /** The jobs that this draft inserts, by idempotency key. */
  readonly #idsByKey = new Map<string, string>()
  readonly #removedUsage = new Map<string, readonly UsageEntry[]>()
  /** What this draft adds to the reserved and spent amounts of the store. */
  readonly #budgets = new BudgetTally()
  #isTouched = false

  constructor(stored: StoredJobs) {
    this.#stored = stored
  }

  get changes(): JobChanges {
    return this.#changes
  }

  /** What the jobs that the commit removes add to the ledger. */
  get removedUsage(): RemovedUsage {
    return this.#removedUsage
  }

  /** Whether the commit must write to the disk. */
  get isTouched(): boolean {
    return this.#isTouched
  }

  /** What the jobs will take in a file. */
  get bytes(): number {
    let { bytes } = this.#stored
    for (const [id, entry] of this.#changes) bytes += (entry?.bytes ?? 0) - (this.#stored.get(id)?.bytes ?? 0)
    return bytes
  }

  get(id: string): JobEntry | undefined {
    return this.#changes.has(id) ? this.#changes.get(id) : this.#stored.get(id)
  }

  /** Whether a job still has this status and run. */
  hasState(id: string, { status, run = 0 }: JobState): boolean {
    const entry = this.get(id)
    return entry !== undefined && entry.status === status && entry.run === run
  }

  /**
   * The job that has the key of a new one, so that the new one is not inserted.
   * @throws JobConflictError
   * @throws PreviousJobGoneError
   */
  findFirst(
    { id, createdAt, previousJobId }: StoredJob,
    idempotency: IdempotencyKey | undefined,
  ): KeyedJob | undefined {
    const first = idempotency && this.#findByKey(idempotency.key, Date.parse(createdAt))
    if (first) return first
    if (this.get(id)) throw new JobConflictError(id)
    if (previousJobId !== undefined && !this.get(previousJobId)) throw new PreviousJobGoneError(previousJobId)
    return undefined
  }

  /** The job that was created with the key less than `IDEMPOTENCY_WINDOW_MS` before `now`. */
  #findByKey(key: string, now: number): KeyedJob | undefined {
    const id = this.#idsByKey.get(key) ?? this.#stored.findByKey(key)?.id
    const entry = id === undefined ? undefined : this.get(id)
    return entry && keyedJob(entry, now)
  }

  /**
   * Checks that a new job fits into a budget, with the jobs that this draft inserts before it.
   * @throws BudgetExceededError
   */
  checkBudget({ reserved = 0 }: StoredJob, budget: CallerBudget): void {
    checkLeft(budgetStates(budget, [this.#stored.budgets, this.#budgets]), reserved)
  }

  insert(job: StoredJob, idempotency: IdempotencyKey | undefined): void {
    this.#change(job.id, JobEntry.of(job, idempotency))
    if (idempotency) this.#idsByKey.set(idempotency.key, job.id)
  }

  /**
   * Keeps the owner and the idempotency key that the job was inserted with, the fields that no later state changes, and until
   * when it is watched.
   */
  replace(job: StoredJob): void {
    const stored = this.get(job.id)
    const { owner, idempotency } = stored ?? {}
    const owned = owner === undefined ? job : { ...job, owner }
    const mustKeep = stored && (stored.hasKeptFields || hasKeptFields(job))
    const next = mustKeep ? withKeptFieldsOf(stored.job, owned) : owned
    this.#change(job.id, JobEntry.of(inState(next, stored?.watchedUntil), idempotency))
  }

  /** Stores how the client of a job stands, if it stands as `from` says. Returns whether it did. */
  replaceClient(id: string, { client, deleteAfter, watchedUntil }: ClientState, from: DoorClient | undefined): boolean {
    const entry = this.get(id)
    if (!entry) return false
    const { client: stored, ...job } = entry.job
    if (!isSameClient(stored, from)) return false
    const next = { ...job, ...(client && { client }), ...(deleteAfter !== undefined && { deleteAfter }) }
    const watched = watchedUntil === undefined ? entry.watchedUntil : Date.parse(watchedUntil)
    this.#change(id, JobEntry.of(inState(next, watched), entry.idempotency))
    return true
  }

  /** Stores how the deliveries of a job stand, if the next one is still due at `from`. Returns whether it was. */
  replaceDeliveries(id: string, { deliveries, notifyAt }: DeliveryState, from: string): boolean {
    const entry = this.get(id)
    if (entry?.notifyAt === undefined || entry.notifyAt !== Date.parse(from)) return false
    const { notifyAt: _, ...job } = entry.job
    const next = { ...job, ...(deliveries && { deliveries }), ...(notifyAt !== undefined && { notifyAt }) }
    this.#change(id, JobEntry.of(next, entry.idempotency))
    return true
  }

  /** Stores the progress of a job that is running. */
  checkpoint(checkpoint: JobCheckpoint): void {
    const growth = growthOf(checkpoint)
    const { runState } = checkpoint
    // A growth is relative to what is on disk, and an earlier change of this commit is not there yet.
    const stored = this.#changes.has(growth.id) ? undefined : this.#stored.get(growth.id)
    const isGrowth = stored && growth.place <= stored.place && !isNewState(stored, runState)
    const grown = isGrowth ? stored.grown(growth) : undefined
    const job = grown ? undefined : this.get(growth.id)?.job
    if (grown) this.#change(growth.id, grown)
    else if (job?.status === 'running') this.replace({ ...grownJob(job, growth, false), ...(runState && { runState }) })
  }

  /** Removes the job if it is final. Returns whether it was. */
  deleteFinal(id: string): boolean {
    const entry = this.get(id)
    if (entry?.endedAt === undefined) return false
    if (entry.usages.length > 0) this.#removedUsage.set(id, entry.usages)
    this.#budgets.countUsages(entry.usages, 1)
    this.#change(id, undefined)
    return true
  }

  /** Removes final jobs whose time to be removed has come, those first whose time came first. Returns how many there were. */
  deleteHidden(now: number, limit: number): number {
    const due: { id: string; deleteAfter: number }[] = []
    for (const { id, endedAt, deleteAfter } of this.#all()) {
      if (endedAt !== undefined && deleteAfter !== undefined && deleteAfter <= now) due.push({ id, deleteAfter })
    }
    const first = due.toSorted((a, b) => a.deleteAfter - b.deleteAfter).slice(0, limit)
    return first.filter(({ id }) => this.deleteFinal(id)).length
  }

  /** Removes expired jobs, those that ended first before others, as `JobRepository.deleteExpired` says. */
  deleteExpired({ endedBefore, endedLongBefore, evenUntold = false }: JobExpiry, limit: number): number {
    const old: { id: string; endedAt: number }[] = []
    for (const { id, endedAt, notifyAt } of this.#all()) {
      const isTold = evenUntold || notifyAt === undefined
      if (endedAt !== undefined && endedAt < endedBefore && isTold) old.push({ id, endedAt })
    }
    if (old.length === 0) return 0
    const kept = this.#keptByConversations(endedBefore)
    const expired = old.filter(({ id, endedAt }) => endedAt < endedLongBefore || !kept.has(id))
    const first = expired.toSorted((a, b) => a.endedAt - b.endedAt).slice(0, limit)
    return first.filter(({ id }) => this.deleteFinal(id)).length
  }

  /** The jobs with a job behind them in their conversation that has not ended, or ended at a time or later. */
  #keptByConversations(time: number): ReadonlySet<string> {
    const kept = new Set<string>()
    for (const { previousJobId, endedAt } of this.#all()) {
      if (endedAt !== undefined && endedAt < time) continue
      for (let id = previousJobId; id !== undefined && !kept.has(id); id = this.get(id)?.previousJobId) kept.add(id)
    }
    return kept
  }

  *#all(): Generator<JobEntry> {
    for (const { id } of this.#stored.inOrderOfCreation()) {
      const entry = this.get(id)
      if (entry) yield entry
    }
    for (const [id, entry] of this.#changes) if (entry && !this.#stored.get(id)) yield entry
  }

  /** Makes the commit write to the disk even if no job changes, to find out whether the disk works. */
  touch(): void {
    this.#isTouched = true
  }

  #change(id: string, entry: JobEntry | undefined): void {
    this.#budgets.count(this.get(id), -1)
    this.#budgets.count(entry, 1)
    this.#changes.set(id, entry)
    this.touch()
  }
}

/** Whether a checkpoint changes the run state. It is rare, and then the whole job is written: earlier versions read that. */
function isNewState(stored: JobEntry, runState: RunState | undefined): boolean {
  return runState !== undefined && JSON.stringify(stored.job.runState) !== JSON.stringify(runState)
}

/** The entry's job, if it was created with a key less than `IDEMPOTENCY_WINDOW_MS` before `now`. */
export function keyedJob(entry: JobEntry, now: number): KeyedJob | undefined {
  const { createdAt, idempotency } = entry
  if (!idempotency || Date.parse(createdAt) <= now - IDEMPOTENCY_WINDOW_MS) return undefined
  return { job: entry.job, fingerprint: idempotency.fingerprint }
}
