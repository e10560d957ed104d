import type { LoggerOptions } from 'pino'
import { loggedError } from './logged-error.ts'

/**
 * What holds for every log of the server. Nothing that logs means to log a key, a prompt or a result; this is for the day on
 * which somebody logs an object that has one.
 */
export const LOG_OPTIONS = {
  serializers: { err: loggedError },
  redact: {
    paths: ['prompt', 'system', 'result', 'authorization', 'signature'].flatMap((name) => [
      name,
      `*.${name}`,
      `*.*.${name}`,
    ]),
    censor: '[redacted]',
  },
} satisfies LoggerOptions
