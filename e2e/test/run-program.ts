import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** What a program prints. @throws it ended with another code than 0; the message has what it said */
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
