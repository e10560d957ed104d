import { Writable } from 'node:stream'
import { type Logger, pino } from 'pino'
import { LOG_OPTIONS } from '../../src/process/log-options.ts'

/** A log as the server writes it, kept for the test. */
export class LogLines {
  text = ''
  readonly logger: Logger

  constructor(level = 'info') {
    const sink = new Writable({
      write: (chunk: Buffer, _, done) => {
        this.text += chunk.toString()
        done()
      },
    })
    this.logger = pino({ ...LOG_OPTIONS, level }, sink)
  }

  /** The parsed lines with this message. */
  with(message: string): unknown[] {
    const lines = this.text.split('\n').filter((line) => line !== '')
    return lines.map((line): unknown => JSON.parse(line)).filter((line) => messageOf(line) === message)
  }
}

function messageOf(line: unknown): unknown {
  return typeof line === 'object' && line !== null && 'msg' in line ? line.msg : undefined
}
