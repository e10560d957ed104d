import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { z } from 'zod'
import { Door, DoorClient, InputCarry } from '../../jobs/door.ts'
import type { StoredJob } from '../../jobs/job.ts'
import { recordVersionOf } from '../../jobs/record-version.ts'
import type { SqlDialect } from './sql-dialect.ts'

/**
 * The columns of what a door stores with a job. They are set when the job is stored, and none of its later states changes
 * them. A job that has none of them names no column, so that its statement is as short as it was.
 */
export function doorColumns(job: StoredJob) {
  const { door, requestDigest, client, carries, deleteAfter } = job
  const version = recordVersionOf(job)
  return {
    ...(door && { door: JSON.stringify(door) }),
    ...(requestDigest !== undefined && { request_digest: requestDigest }),
    ...(client && { client: clientJson(client) }),
    ...(carries && { carries: JSON.stringify(carries) }),
    ...(deleteAfter !== undefined && { delete_after: deletionTime(deleteAfter) }),
    ...(version > 2 && { record_version: version }),
  }
}

/** The one form in which a client is stored, so that it can be compared as a text. */
export function clientJson(client: DoorClient | undefined): string | null {
  if (!client) return null
  const { process, lostAt, hadHead } = client
  return JSON.stringify({ process, lostAt, hadHead })
}

/** A time as the column `delete_after` has it, whose order as text is the order in time. */
export function deletionTime(deleteAfter: string): string {
  return new Date(deleteAfter).toISOString()
}

/** The columns that `doorFieldsOf` reads. */
export const DOOR_COLUMNS = [
  'jobs.door',
  'jobs.request_digest',
  'jobs.client',
  'jobs.carries',
  'jobs.delete_after',
] as const

interface DoorRow {
  readonly door: string | null
  readonly request_digest: string | null
  readonly client: string | null
  readonly carries: string | null
  readonly delete_after: string | null
}

type DoorFields = Pick<StoredJob, 'door' | 'requestDigest' | 'client' | 'carries' | 'deleteAfter'>

/** What a door stored with the job of a row. */
export function doorFieldsOf({ door, request_digest, client, carries, delete_after }: DoorRow): DoorFields {
  return {
    ...(door !== null && { door: Door.parse(JSON.parse(door)) }),
    ...(request_digest !== null && { requestDigest: request_digest }),
    ...(client !== null && { client: parseClient(client) }),
    ...(carries !== null && { carries: z.array(InputCarry).parse(JSON.parse(carries)) }),
    ...(delete_after !== null && { deleteAfter: delete_after }),
  }
}

export function parseClient(json: string): DoorClient {
  return DoorClient.parse(JSON.parse(json))
}

/**
 * The condition on a row of `jobs` that lists may show it. In SQLite the column lies behind the texts of a row, which a list
 * must not read, so hidden jobs are looked up in their index. Without its name, SQLite takes that of the primary key.
 */
export function isShown(dialect: SqlDialect): RawBuilder<SqlBool> {
  if (dialect === 'postgres') return sql<SqlBool>`jobs.delete_after is null`
  return sql<SqlBool>`not exists (
    select 1 from jobs as hidden indexed by jobs_hidden where hidden.id = jobs.id and hidden.delete_after is not null)`
}
