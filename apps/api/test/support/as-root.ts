import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Runs a program that only root may run; in CI with sudo, which asks for no password there. */
export async function asRoot(program: string, ...args: readonly string[]): Promise<void> {
  const needsSudo = process.getuid?.() !== 0 && process.env['CI']
  await promisify(execFile)(needsSudo ? 'sudo' : program, needsSudo ? ['-n', program, ...args] : args)
}
