import type { StoredJob } from '../../jobs/job.ts'
import { isInState, stateOf } from './job-row.ts'
import type { SqlDatabase } from './sql-database.ts'
import { toStorable } from './storable-text.ts'

/** Whether the stored job is in this state, stored by this process. */
export async function holdsState({ db, runner }: SqlDatabase, next: StoredJob): Promise<boolean> {
  const { updated_at, runner_id } = stateOf(next, runner.id)
  const row = await db
    .selectFrom('jobs')
    .select('id')
    .where('id', '=', toStorable(next.id))
    .where(isInState(next))
    .where('updated_at', '=', updated_at)
    .where('runner_id', runner_id === null ? 'is' : '=', runner_id)
    .executeTakeFirst()
  return row !== undefined
}
