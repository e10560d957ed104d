import { spawnSync } from 'node:child_process'
import type { TestContext } from 'vitest'

/** Skips a test where one of these programs is not installed. The message says what to install. In CI the test fails. */
export function needPrograms(skip: TestContext['skip'], ...names: readonly string[]): void {
  const missing = names.filter((name) => spawnSync('sh', ['-c', 'command -v "$0"', name]).status !== 0).join(' ')
  if (missing === '') return
  const howTo = `not installed: ${missing}; install it (Debian: apt-get install ${missing}) to include this test`
  if (process.env['CI']) throw new Error(howTo)
  skip(howTo)
}
