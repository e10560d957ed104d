/** The part of pino that the domain uses. */
export interface Logger {
  /** The only level that may hold what callers or vendors wrote. */
  debug(details: object, message: string): void
  info(details: object, message: string): void
  warn(details: object, message: string): void
  error(details: object, message: string): void
}
