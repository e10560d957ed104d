import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Runner } from './sql-database.ts'
import type { SqlDb } from './tables.ts'

/** The runner of a store that only this process uses. All other processes that ever ran jobs there are gone. */
export class ExclusiveRunner implements Runner {
  readonly id: string

  constructor(id: string = crypto.randomUUID()) {
    this.id = id
  }

  isGone(): RawBuilder<SqlBool> {
    return sql<SqlBool>`(jobs.runner_id is null or jobs.runner_id <> ${this.id})`
  }

  holdsRuns(): boolean {
    return true
  }

  async canAllRead(): Promise<boolean> {
    return true
  }

  async isConnected(_: SqlDb, processId: string): Promise<boolean> {
    return processId === this.id
  }
}
