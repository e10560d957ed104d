/** The methods of pino that this project uses. */
export interface Logger {
  /** The only level at which text of callers may be logged, and text of vendors that may quote callers. */
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}
