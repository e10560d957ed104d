/** The job store cannot be opened, so the server must not start. The message tells the operator what to do. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError'

  constructor(message: string, cause?: unknown) {
    super(message, { cause })
  }
}
