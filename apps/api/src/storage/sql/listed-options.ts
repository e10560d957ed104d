import { JobOptions, ListedOptions } from '@promptlab/contract'
import { sql } from 'kysely'
import { listedOptions } from '../../jobs/job-summary.ts'
import type { SqlDb } from './tables.ts'

/** Longer options have a short form of their own in the row, in bytes of JSON. Lists read options up to this as they are. */
const LONGEST_READ = 4_096

/** What the row stores of long options for lists; null for short ones. */
export function listedOptionsJson(options: JobOptions | undefined): string | null {
  if (!options || Buffer.byteLength(JSON.stringify(options)) <= LONGEST_READ) return null
  return JSON.stringify(listedOptions(options))
}

/** The columns by which `readListedOptions` finds the options of a row, without reading long ones. */
export function selectListedOptions() {
  return [
    'jobs.listed_options',
    sql<string | null>`case when octet_length(jobs.options) <= ${sql.lit(LONGEST_READ)} then jobs.options end`.as(
      'short_options',
    ),
    sql<number | null>`octet_length(jobs.options)`.as('options_bytes'),
  ] as const
}

interface ListedOptionsRow {
  readonly id: string
  readonly listed_options: string | null
  readonly short_options: string | null
  readonly options_bytes: number | null
}

/**
 * The options of a row as lists show them. A row of an older version has only the whole options. Long ones are read here, so
 * that the rows of a page hold one of them in memory at a time.
 */
export async function readListedOptions(db: SqlDb, row: ListedOptionsRow): Promise<ListedOptions | undefined> {
  if (row.options_bytes === null) return undefined
  if (row.listed_options !== null) return ListedOptions.parse(JSON.parse(row.listed_options))
  const json = row.short_options ?? (await readWholeOptions(db, row.id))
  return json === null ? undefined : listedOptions(JobOptions.parse(JSON.parse(json)))
}

/** @param id as the row has it */
async function readWholeOptions(db: SqlDb, id: string): Promise<string | null> {
  const row = await db.selectFrom('jobs').select('options').where('id', '=', id).executeTakeFirst()
  // The job may have been removed since.
  return row?.options ?? null
}
