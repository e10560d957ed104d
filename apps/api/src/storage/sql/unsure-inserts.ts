import type { SqlDatabase } from './sql-database.ts'
import { toStorable } from './storable-text.ts'

/**
 * New jobs whose insert failed so that nobody knows whether they were stored, as when the connection broke before the
 * answer came. Their callers were told that they were not, so they are removed before anything else is read or changed.
 */
export class UnsureInserts {
  readonly #database: SqlDatabase
  readonly #ids = new Set<string>()

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  add(jobId: string): void {
    // Where other processes see it, one of them may have taken the job up already. There it is left to run.
    if (this.#database.mayStoreUnseen) this.#ids.add(toStorable(jobId))
  }

  /** @throws StorageUnavailableError they still cannot be removed */
  async settle(): Promise<void> {
    if (this.#ids.size === 0) return
    const ids = [...this.#ids]
    await this.#database.write((db) => db.deleteFrom('jobs').where('id', 'in', ids).execute())
    for (const id of ids) this.#ids.delete(id)
  }
}
