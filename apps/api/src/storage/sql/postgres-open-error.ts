import { DatabaseError } from 'pg'
import { UnreachableError } from '../../base/unreachable-error.ts'
import { StorageUnavailableError } from '../../jobs/ports/job-repository.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { isPostgresFault } from './postgres-faults.ts'

/** What the operating system and the driver say when there is nobody, or nobody who answers. */
const NO_ANSWER = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])
const NO_NAME = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ENOENT'])
const TIMED_OUT = /timeout|terminated/i

/**
 * What went wrong when a database was opened, in a sentence for the operator.
 * @param store its address, without a password
 * @returns an UnreachableError if it may be better in a moment
 */
export function postgresOpenError(store: string, error: unknown): Error {
  if (error instanceof StoreOpenError) return error
  const cause = error instanceof StorageUnavailableError ? error.cause : error
  if (!(cause instanceof Error)) return new StoreOpenError(`The job store ${store} cannot be opened: ${cause}.`, cause)
  if (cause instanceof DatabaseError) return fromServer(store, cause)
  const code = 'code' in cause ? String(cause.code) : ''
  const message = cause.message || code
  if (NO_ANSWER.has(code) || NO_NAME.has(code) || TIMED_OUT.test(message)) return unreachable(store, message, cause)
  return new StoreOpenError(
    `No connection to the job store ${store} can be made: ${message}. Correct DATABASE_URL, or what it names.`,
    cause,
  )
}

function fromServer(store: string, cause: DatabaseError): Error {
  const code = cause.code ?? ''
  if (code.startsWith('28')) {
    const advice = 'Set the user and the password in DATABASE_URL to those of the server.'
    return new StoreOpenError(`The job store ${store} refuses the connection: ${cause.message}. ${advice}`, cause)
  }
  if (code === '3D000') {
    const advice = 'Create it (createdb), or name another one in DATABASE_URL.'
    return new StoreOpenError(`The job store ${store} is missing: ${cause.message}. ${advice}`, cause)
  }
  if (code === '42501') {
    const advice = 'The user in DATABASE_URL must be allowed to create tables.'
    return new StoreOpenError(`The tables of the job store ${store} cannot be made: ${cause.message}. ${advice}`, cause)
  }
  if (isPostgresFault(cause)) return unreachable(store, cause.message, cause)
  return new StoreOpenError(`The job store ${store} cannot be opened: ${cause.message}.`, cause)
}

function unreachable(store: string, message: string, cause: Error): UnreachableError {
  return new UnreachableError(
    `The job store ${store} cannot be reached: ${message}. Start it, or correct DATABASE_URL.`,
    {
      cause,
    },
  )
}
