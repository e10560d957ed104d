import type { LoggerOptions } from 'pino'
import { CENSOR, censored, SECRET_NAMES } from './censored.ts'
import { loggedError } from './logged-error.ts'

/** Deeper objects are not logged. */
const LEVELS = 3

/**
 * The options of every log. Our code never logs a key, a prompt or a result on purpose. These options replace one by
 * `[redacted]` if an object with one is logged by mistake.
 */
export const LOG_OPTIONS = {
  serializers: { err: loggedError },
  // Not `redact` with paths that begin with a wildcard: pino then takes 10 µs for each field of each line.
  formatters: { log: (fields) => censored(fields, LEVELS) },
  // For the fields of child loggers.
  redact: { paths: [...SECRET_NAMES], censor: CENSOR },
} satisfies LoggerOptions
