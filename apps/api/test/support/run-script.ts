import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Runs one of the scripts in src to its end. */
export function runScript(
  script: string,
  args: readonly string[],
): Promise<{ output: string; exitCode: number | null }> {
  const path = fileURLToPath(new URL(`../../src/commands/${script}`, import.meta.url))
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--import', import.meta.resolve('tsx'), path, ...args],
      (_, stdout, stderr) => resolve({ output: stdout + stderr, exitCode: child.exitCode }),
    )
  })
}
