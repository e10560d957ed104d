import type { SqlDatabase } from './sql-database.ts'
import { toStorable } from './storable-text.ts'

/**
 * New jobs whose insert failed without an answer, for example because the connection broke. They may have been stored, but
 * their callers were told that they were not. So they are removed before this process reads or changes anything else
 * (docs/decisions/2026-11-24-sql-stores.md).
 */
export class UnconfirmedInserts {
  readonly #database: SqlDatabase
  readonly #ids = new Set<string>()

  constructor(database: SqlDatabase) {
    this.#database = database
  }

  add(jobId: string): void {
    if (this.#database.mustRemoveUnconfirmed) this.#ids.add(toStorable(jobId))
  }

  /**
   * Removes these jobs, if there are any.
   * @throws StorageUnavailableError the database still cannot be used
   */
  async remove(): Promise<void> {
    if (this.#ids.size === 0) return
    const ids = [...this.#ids]
    await this.#database.write((db) => db.deleteFrom('jobs').where('id', 'in', ids).execute())
    for (const id of ids) this.#ids.delete(id)
  }
}
