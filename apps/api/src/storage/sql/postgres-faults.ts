import { DatabaseError } from 'pg'

/**
 * Classes and codes of SQLSTATE after which the same query may succeed later: connection (08), rollback because of another
 * transaction (40), resources (53), stopped by an operator (57), system or disk (58), internal (XX), lock not available
 * (55P03), read-only server (25006).
 */
const FAULTS = /^(08|40|53|57|58|XX|55P03|25006)/

/** Classes of SQLSTATE after which the connection cannot be used either. */
const BROKEN = /^(08|57P)/

/** Whether an error means that the server cannot be used now. An error that is not of the server is of the connection. */
export function isPostgresFault(error: unknown): boolean {
  return !(error instanceof DatabaseError) || FAULTS.test(error.code ?? '')
}

/** Whether the connection cannot be used after an error. */
export function isBrokenConnection(error: unknown): boolean {
  return !(error instanceof DatabaseError) || BROKEN.test(error.code ?? '')
}
