import type { UsageEntry } from '../../../jobs/usage/usage-entry.ts'
import type { Growth } from '../memory/growth.ts'
import { DamagedFileError, type JobEntry } from '../memory/job-entry.ts'

/** A line of a file, for the error. */
interface Place {
  readonly path: string
  readonly place: string
}

/**
 * What a journal changes: the last state of each job in it, and what was appended to jobs that it does not have. It needs as
 * much memory as these jobs, however often the journal changes them.
 */
export class JournalChanges {
  /** Undefined stands for a job that was removed. */
  readonly #jobs = new Map<string, JobEntry | undefined>()
  /** Of jobs whose record is in `jobs.json`. */
  readonly #growths = new Map<string, { growth: Growth; at: Place }[]>()

  readonly #removedUsage: UsageEntry[] = []

  put(entry: JobEntry): void {
    this.#jobs.set(entry.id, entry)
    this.#growths.delete(entry.id)
  }

  /** @param usages what the job added to the ledger */
  remove(id: string, usages: readonly UsageEntry[]): void {
    this.#jobs.set(id, undefined)
    this.#growths.delete(id)
    this.#removedUsage.push(...usages)
  }

  /** What the removed jobs added to the ledger. */
  get removedUsage(): readonly UsageEntry[] {
    return this.#removedUsage
  }

  /** @throws DamagedFileError the text before the growth is missing */
  append(growth: Growth, at: Place): void {
    const { id } = growth
    const entry = this.#jobs.get(id)
    if (entry) this.#jobs.set(id, grow(entry, growth, at))
    if (this.#jobs.has(id)) return
    const growths = this.#growths.get(id)
    if (growths) growths.push({ growth, at })
    else this.#growths.set(id, [{ growth, at }])
  }

  /**
   * The jobs as they are after the changes: those of the snapshot in their order, then new ones. Changes that the snapshot
   * has already change nothing.
   * @throws DamagedFileError the text before a growth is missing
   */
  async *applyTo(snapshot: Iterable<JobEntry> | AsyncIterable<JobEntry>): AsyncGenerator<JobEntry> {
    const jobs = new Map(this.#jobs)
    for await (const entry of snapshot) {
      const isReplaced = jobs.has(entry.id)
      const last = isReplaced ? jobs.get(entry.id) : this.#growthsOf(entry)
      jobs.delete(entry.id)
      if (last) yield last
    }
    for (const entry of jobs.values()) if (entry) yield entry
  }

  #growthsOf(entry: JobEntry): JobEntry {
    let last = entry
    for (const { growth, at } of this.#growths.get(entry.id) ?? []) last = grow(last, growth, at)
    return last
  }
}

/** A growth of another run changes nothing, as in `JobRepository.checkpoint`. */
function grow(entry: JobEntry, growth: Growth, { path, place }: Place): JobEntry {
  try {
    return entry.grown(growth) ?? entry
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new DamagedFileError(path, `${place}: ${error.message}`)
  }
}
