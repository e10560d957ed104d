/** The job store cannot be opened, so the server must not start. The message says what to do, to the operator. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
  }
}
