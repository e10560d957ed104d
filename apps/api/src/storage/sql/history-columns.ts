import { z } from 'zod'
import { HistoryRef } from '../../jobs/history-ref.ts'
import { historyBytes, type StoredJob } from '../../jobs/job.ts'

/**
 * The columns of the blocks that have the earlier messages of a job. They are set when the job is stored. A job that shares no
 * messages names no column, so that its statement is as short as it was.
 */
export function historyColumns({ history }: StoredJob) {
  return { ...(history && { history: JSON.stringify(history), history_bytes: historyBytes(history) }) }
}

/** The columns that `historyFieldsOf` reads. */
export const HISTORY_COLUMNS = ['jobs.history'] as const

interface HistoryRow {
  readonly history: string | null
}

/** The blocks of the job of a row. */
export function historyFieldsOf({ history }: HistoryRow): Pick<StoredJob, 'history'> {
  return { ...(history !== null && { history: z.array(HistoryRef).parse(JSON.parse(history)) }) }
}
