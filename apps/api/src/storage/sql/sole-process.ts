import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Runner } from './sql-database.ts'

/** The only process that uses a store: whatever others ran before is theirs no more. */
export class SoleProcess implements Runner {
  readonly id = crypto.randomUUID()

  isGone(): RawBuilder<SqlBool> {
    return sql<SqlBool>`(jobs.runner_id is null or jobs.runner_id <> ${this.id})`
  }

  holdsRuns(): boolean {
    return true
  }

  async canAllRead(): Promise<boolean> {
    return true
  }
}
