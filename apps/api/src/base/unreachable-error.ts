/** A server that this one needs does not answer. The message says which, and what to do, to the operator. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}
