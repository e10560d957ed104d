import { DatabaseError } from 'pg'
import { UnreachableError } from '../../base/unreachable-error.ts'
import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { isPostgresFault } from './postgres-faults.ts'

/** Codes and messages of the operating system and the driver when no server answers at an address. */
const NO_ANSWER = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])
const NO_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ENOENT'])
/** What the driver and Kysely say of a connection that took too long, that was ended, or that had ended before a query. */
const BROKEN_OFF = /timeout|terminated|not queryable|discarded/i

/**
 * The error for an operator about a database that could not be opened. It says what to do.
 * @param store the address of the database, without a password
 * @returns an UnreachableError if trying again may help, else a StoreOpenError
 */
export function postgresOpenError(store: string, error: unknown): Error {
  if (error instanceof StoreOpenError) return error
  const cause = error instanceof StorageUnavailableError ? error.cause : error
  if (!(cause instanceof Error)) return new StoreOpenError(`The job store ${store} cannot be opened: ${cause}.`, cause)
  if (cause instanceof DatabaseError) return fromServer(store, cause)
  const code = 'code' in cause ? String(cause.code) : ''
  const message = cause.message || code
  if (NO_ANSWER.has(code) || NO_NAME.has(code) || BROKEN_OFF.test(message)) return unreachable(store, message, cause)
  return new StoreOpenError(
    `There is no connection to the job store ${store}: ${message}. Correct DATABASE_URL.`,
    cause,
  )
}

function fromServer(store: string, cause: DatabaseError): Error {
  const code = cause.code ?? ''
  if (code.startsWith('28')) {
    const advice = 'Set a user and a password in DATABASE_URL that the server accepts.'
    return new StoreOpenError(`The job store ${store} refuses the connection: ${cause.message}. ${advice}`, cause)
  }
  if (code === '3D000') {
    const advice = 'Create the database (createdb), or name another one in DATABASE_URL.'
    return new StoreOpenError(`The job store ${store} is missing: ${cause.message}. ${advice}`, cause)
  }
  if (code === '42501') {
    const advice = 'The user in DATABASE_URL must be allowed to create tables.'
    return new StoreOpenError(
      `The tables of the job store ${store} cannot be created: ${cause.message}. ${advice}`,
      cause,
    )
  }
  if (isPostgresFault(cause)) return unreachable(store, cause.message, cause)
  const advice = 'The log of the PostgreSQL server says more.'
  return new StoreOpenError(`The job store ${store} cannot be opened: ${cause.message}. ${advice}`, cause)
}

function unreachable(store: string, message: string, cause: Error): UnreachableError {
  return new UnreachableError(
    `The job store ${store} cannot be reached: ${message}. Start its server, or correct DATABASE_URL.`,
    {
      cause,
    },
  )
}
