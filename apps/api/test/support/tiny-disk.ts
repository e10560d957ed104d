import { onTestFinished, type TestContext } from 'vitest'
import { asRoot } from './as-root.ts'
import { temporaryFolder } from './temporary-folder.ts'

/**
 * Mounts a disk of the given size, such as `256k`, in memory. Unmounted when the test ends. Where mounting is not allowed the
 * test is skipped; in CI, where it may use sudo, it fails.
 * @returns the folder
 */
export async function tinyDisk(size: string, skip: TestContext['skip']): Promise<string> {
  const folder = await temporaryFolder()
  try {
    await asRoot('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', folder)
  } catch (error) {
    if (process.env['CI']) throw error
    skip('mounting a tmpfs needs root; run as root to include this test')
  }
  onTestFinished(() => asRoot('umount', '-l', folder))
  return folder
}

/** Gives a disk of `tinyDisk` another size. */
export async function resizeDisk(folder: string, size: string): Promise<void> {
  await asRoot('mount', '-o', `remount,size=${size}`, folder)
}
