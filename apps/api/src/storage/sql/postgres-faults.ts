import { DatabaseError } from 'pg'

/**
 * What the server cannot do now, by classes of SQLSTATE: no connection, transactions that were in each other's way, no
 * resources, an operator who stopped it, trouble of its disk, a failure inside; and a server that only reads.
 */
const FAULTS = /^(08|40|53|57|58|XX|55P03|25006)/

/** Those after which the connection is of no use either. */
const BROKEN = /^(08|57P)/

/** Whether an error says that the server cannot be used now. What is not from the server is from the connection to it. */
export function isPostgresFault(error: unknown): boolean {
  return !(error instanceof DatabaseError) || FAULTS.test(error.code ?? '')
}

export function isBrokenConnection(error: unknown): boolean {
  return !(error instanceof DatabaseError) || BROKEN.test(error.code ?? '')
}
