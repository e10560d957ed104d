import { onTestFinished, type TestContext } from 'vitest'
import { asRoot } from './as-root.ts'

/**
 * Mounts a file by itself, as a container does with a volume that is one file. Unmounted when the test ends. Where mounting is
 * not allowed the test is skipped; in CI, where it may use sudo, it fails.
 */
export async function mountAlone(file: string, skip: TestContext['skip']): Promise<void> {
  try {
    await asRoot('mount', '--bind', file, file)
  } catch (error) {
    if (process.env['CI']) throw error
    skip('a bind mount needs root; run as root to include this test')
  }
  onTestFinished(() => asRoot('umount', file))
}
