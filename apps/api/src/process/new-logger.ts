import { type Logger, type LoggerOptions, pino } from 'pino'
import { LOG_OPTIONS } from './log-options.ts'

type LogMethod = NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']>

/** A write takes some 30 µs, and a job three lines. So lines wait for each other, up to these bounds. */
const BUFFERED_BYTES = 8 * 1024
const LONGEST_WAIT_MS = 100
/** Lines that nobody reads are dropped behind this many bytes, so that they cannot fill the memory. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024
/** Lines from this level on, which is `warn`, are written at once. */
const WRITTEN_AT_ONCE = 40

/**
 * The log of the process, on standard output.
 * @param isTerminal whether that is a terminal. It gets readable lines, and everything else gets JSON
 */
export function newLogger(level: string, isTerminal: boolean): Logger {
  if (isTerminal) {
    const transport = { target: 'pino-pretty', options: { ignore: 'pid,hostname' } }
    return pino({ ...LOG_OPTIONS, level, transport })
  }
  // It writes what is left when the process exits.
  const output = pino.destination({ dest: 1, sync: false, minLength: BUFFERED_BYTES, maxLength: MAX_UNREAD_BYTES })
  let timer: NodeJS.Timeout | undefined
  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    output.flush()
  }
  const logMethod: LogMethod = function (args, method, atLevel) {
    method.apply(this, args)
    if (atLevel >= WRITTEN_AT_ONCE) flush()
    else timer ??= setTimeout(flush, LONGEST_WAIT_MS).unref()
  }
  return pino({ ...LOG_OPTIONS, level, hooks: { logMethod } }, output)
}
