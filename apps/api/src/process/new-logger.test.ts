import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'

const MODULE = fileURLToPath(new URL('./new-logger.ts', import.meta.url))

/** Starts a program that has a log. */
function start(program: string, output: 'pipe' | number) {
  const code = `const { newLogger } = await import(${JSON.stringify(MODULE)})
    const logger = newLogger('info', process)
    ${program}`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: ['ignore', output, 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const { stdout, stderr } = child
  if (!stderr) throw new Error('Standard error is a pipe')
  return { stdout, stderr }
}

/** Starts a program that has a log, and whose standard output is a pipe. */
function run(program: string) {
  const { stdout, stderr } = start(program, 'pipe')
  if (!stdout) throw new Error('Standard output is a pipe')
  return { stdout, stderr }
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

  it('has many more lines than wait for each other, in their order', async () => {
    const program = `for (let count = 0; count < 300; count++) logger.info('line' + count); process.exit(0)`
    expect(messagesOf(await text(run(program).stdout))).toEqual(
      Array.from({ length: 300 }, (_, count) => `line${count}`),
    )
  })

  it('does not stop a process whose log nobody reads, and keeps no more than 16 MB for a reader that comes late', async () => {
    const { stdout, stderr } = run(`
      const line = 'x'.repeat(1_000)
      for (let count = 0; count < 40_000; count++) logger.warn(line)
      process.stderr.write('went on')`)
    expect(String(await once(stderr, 'data'))).toBe('went on')
    const { length } = await text(stdout)
    expect(length).toBeGreaterThan(15 * 1024 * 1024)
    expect(length).toBeLessThan(17 * 1024 * 1024)
  })

  it.runIf(process.platform === 'linux')('does not stop a process whose log is on a full disk', async () => {
    await using full = await open('/dev/full', 'w')
    const { stderr } = start(`logger.warn('first'); logger.warn('second'); process.stderr.write('went on')`, full.fd)
    expect(await text(stderr)).toBe('went on')
  })

  it('does not stop a process whose reader has gone', async () => {
    const { stdout, stderr } = run(`
      logger.warn('first')
      setInterval(() => logger.warn('later'), 5)
      setTimeout(() => process.stderr.write('went on', () => process.exit(0)), 100)`)
    await once(stdout, 'data')
    stdout.destroy()
    expect(await text(stderr)).toBe('went on')
  })
})
