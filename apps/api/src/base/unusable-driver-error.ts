/** A setting needs a driver that is not installed or does not run here. The message tells the operator what to do. */
export class UnusableDriverError extends Error {
  override readonly name = 'UnusableDriverError'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
  }
}
