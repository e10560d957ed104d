import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'

const MODULE = fileURLToPath(new URL('./new-logger.ts', import.meta.url))

/** Runs a program that has a log, and whose standard output is a pipe. */
function run(program: string) {
  const code = `const { newLogger } = await import(${JSON.stringify(MODULE)})
    const logger = newLogger('info', false)
    ${program}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const messagesOf = (log: string) =>
  log.split('\n').flatMap((line) => (line === '' ? [] : [/"msg":"(\w+)"/.exec(line)?.[1]]))

describe('the log of the process', () => {
  it('has all lines, in their order, of a process that exits at once', async () => {
    const { stdout } = run(`logger.info('first'); logger.warn('second'); logger.info('third'); process.exit(0)`)
    expect(messagesOf(await text(stdout))).toEqual(['first', 'second', 'third'])
  })

  it('has a line soon, although no other follows and the process goes on', async () => {
    const { stdout } = run(`logger.info('first'); setInterval(() => {}, 1_000)`)
    const [line] = await once(stdout, 'data')
    expect(messagesOf(String(line))).toEqual(['first'])
  })

  it('has many more lines than wait for each other', async () => {
    const { stdout } = run(`for (let count = 0; count < 1_000; count++) logger.info('line'); process.exit(0)`)
    expect(messagesOf(await text(stdout))).toHaveLength(1_000)
  })
})
