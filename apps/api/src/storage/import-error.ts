/** An import was refused or did not succeed. The message says what to do, to the operator. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
}
