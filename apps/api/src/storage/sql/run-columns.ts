import { Fallback, WaitingFor } from '@promptlab/contract'
import { sql } from 'kysely'
import { z } from 'zod'
import type { StoredJob } from '../../jobs/job.ts'
import { RunState } from '../../jobs/run-state.ts'

/** The columns of how a job is to run that are set when it is stored, and that none of its later states changes. */
export function askedRunColumns({ fallbacks }: StoredJob) {
  return { ...(fallbacks && { fallbacks: JSON.stringify(fallbacks) }) }
}

/** The columns of how a job goes on, which each of its states sets. Those of a final job are null. */
export function runColumns(job: StoredJob, isFinal: boolean) {
  const waitingFor = job.status === 'pending' ? job.waitingFor : undefined
  return {
    waiting_for: waitingFor ? JSON.stringify(waitingFor) : null,
    run_state: job.runState && !isFinal ? JSON.stringify(job.runState) : null,
    ...(isFinal && { watched_until: null }),
  }
}

/** A time as the column `watched_until` has it, whose order as text is the order in time. */
export function watchTime(watchedUntil: string): string {
  return new Date(watchedUntil).toISOString()
}

/** The column `waiting_for` of waiting jobs. It lies behind the texts of a row, so it is not read of other jobs. */
export function selectWaitingFor() {
  return sql<string | null>`case when jobs.status = 'pending' then jobs.waiting_for end`.as('waiting_for')
}

/** The columns that `runFieldsOf` reads. */
export const RUN_COLUMNS = ['jobs.fallbacks', 'jobs.run_state', 'jobs.watched_until'] as const

interface RunRow {
  readonly fallbacks: string | null
  readonly run_state: string | null
  readonly watched_until: string | null
  readonly ended_at: string | null
}

type RunFields = Pick<StoredJob, 'fallbacks' | 'runState' | 'watchedUntil'>

/** What the row of a job says about its runs. If a process of an earlier version ended the job, it left more than is true. */
export function runFieldsOf({ fallbacks, run_state, watched_until, ended_at }: RunRow): RunFields {
  const goesOn = ended_at === null
  return {
    ...(fallbacks !== null && { fallbacks: z.array(Fallback).parse(JSON.parse(fallbacks)) }),
    ...(goesOn && run_state !== null && { runState: RunState.parse(JSON.parse(run_state)) }),
    ...(goesOn && watched_until !== null && { watchedUntil: watched_until }),
  }
}

/** When a waiting job may run, in milliseconds since the epoch. */
export function notBeforeOf(waitingFor: string): number {
  return Date.parse(WaitingFor.parse(JSON.parse(waitingFor)).until)
}
