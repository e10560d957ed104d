import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { onTestFinished, type TestContext } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'

const run = promisify(execFile)

/** A disk of the given size, such as `256k`. Skips where it may not be mounted; in CI that is a failure. */
export async function tinyDisk(size: string, skip: TestContext['skip']): Promise<string> {
  const folder = await temporaryFolder()
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder])
  } catch (error) {
    if (process.env['CI']) throw error
    skip('mounting a tmpfs needs root; run as root to include this test')
  }
  onTestFinished(async () => void (await run('umount', ['-l', folder])))
  return folder
}
