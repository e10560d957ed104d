import { RunningJob } from '@promptlab/contract'
import { runOf, StoredOnly, type StoredRunningJob } from '../../jobs/job.ts'
import type { JobRun } from '../../jobs/ports/stored-values.ts'
import { removeCheckpoints } from './growth-rows.ts'
import { answerColumns, isInState, jobOf, selectJobs } from './job-row.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

const StoredRunning = RunningJob.and(StoredOnly)

/**
 * Takes a running job over, as `JobRepository.takeOver` says. The checkpoints of the earlier run go into the row of the job:
 * those of the next run may begin at other places.
 */
export async function takeOver(db: SqlDb, dialect: SqlDialect, job: JobRun): Promise<StoredRunningJob | undefined> {
  const id = toStorable(job.id)
  const { numUpdatedRows } = await db
    .updateTable('jobs')
    .set({ run: runOf(job) + 1, runner_id: null })
    .where('id', '=', id)
    .where(isInState({ ...job, status: 'running' }))
    .executeTakeFirst()
  if (numUpdatedRows === 0n) return undefined
  const row = await selectJobs(db, dialect).where('jobs.id', '=', id).executeTakeFirstOrThrow()
  const taken = StoredRunning.parse(jobOf(row))
  if (row.more === null && row.growth === null) return taken
  await db.updateTable('jobs').set(answerColumns(taken)).where('id', '=', id).execute()
  await removeCheckpoints(db, job.id)
  return taken
}
