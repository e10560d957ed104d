import type { LoggerOptions } from 'pino'
import { loggedError } from './logged-error.ts'

/**
 * The options of every log. Our code never logs a key, a prompt or a result on purpose. These options replace one by
 * `[redacted]` if an object with one is logged by mistake.
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
