import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/**
 * Runs a program for at most 20 s and returns its standard output.
 * @throws if the program exits with another code than 0; the message has its standard error
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(file, args, {
    env: { ...process.env, ...env },
    timeout: 20_000,
  })
  return stdout
}
