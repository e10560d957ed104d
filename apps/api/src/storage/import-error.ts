/** An import was refused or failed. The message tells the operator what to do. */
export class ImportError extends Error {
  override readonly name = 'ImportError'
}
