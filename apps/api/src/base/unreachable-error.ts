/** A server that this process needs does not answer. The message tells the operator which one, and what to do. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}
