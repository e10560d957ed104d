/** The methods of pino that this project uses. */
export interface Logger {
  /** The only level at which text of callers and vendors may be logged. */
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}
