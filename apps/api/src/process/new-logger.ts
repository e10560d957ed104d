import { type Logger, type LoggerOptions, pino } from 'pino'
import { LOG_OPTIONS } from './log-options.ts'

type LogMethod = NonNullable<NonNullable<LoggerOptions['hooks']>['logMethod']>

/** A write takes some 30 µs, and a job three lines. So lines wait for each other, up to these bounds. */
const BUFFERED_LENGTH = 8 * 1024
const LONGEST_WAIT_MS = 100
/** Lines that nobody reads are dropped behind this many bytes, so that they cannot fill the memory. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024
/** Lines from this level on, which is `warn`, are written at once. */
const WRITTEN_AT_ONCE = 40

/** The log of a process, on its standard output: readable lines for a terminal, and JSON for everything else. */
export function newLogger(level: string, source: Pick<NodeJS.Process, 'stdout' | 'once'>): Logger {
  const { stdout } = source
  if (stdout.isTTY) {
    const transport = { target: 'pino-pretty', options: { ignore: 'pid,hostname' } }
    return pino({ ...LOG_OPTIONS, level, transport })
  }
  const output = new GatheredLines(stdout)
  const logMethod: LogMethod = function (args, method, atLevel) {
    method.apply(this, args)
    if (atLevel >= WRITTEN_AT_ONCE) output.flush()
  }
  source.once('exit', () => output.flush())
  return pino({ ...LOG_OPTIONS, level, hooks: { logMethod } }, output)
}

/**
 * Writes lines some together. Not by pino's own destination: in a thread, it writes the last lines of a process before those whose
 * write is under way, and without a thread, a reader that stops would stop the server. Standard output takes what the pipe has
 * room for at once, and keeps the rest.
 */
class GatheredLines {
  readonly #output: NodeJS.WriteStream
  #lines = ''
  #timer: NodeJS.Timeout | undefined

  constructor(output: NodeJS.WriteStream) {
    this.#output = output
    // The reader has gone. The server goes on without a log.
    output.on('error', () => {})
  }

  write(line: string): void {
    this.#lines += line
    if (this.#lines.length >= BUFFERED_LENGTH) this.flush()
    else this.#timer ??= setTimeout(() => this.flush(), LONGEST_WAIT_MS).unref()
  }

  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const lines = this.#lines
    this.#lines = ''
    if (lines !== '' && this.#output.writableLength < MAX_UNREAD_BYTES) this.#output.write(lines)
  }
}
