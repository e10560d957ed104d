import { fileURLToPath } from 'node:url'
import { runProgram } from './run-program.ts'

/** Runs before all tests: builds the playground if it is older than its sources. */
export default async function buildPlayground(): Promise<void> {
  await runProgram('node', [fileURLToPath(new URL('../../apps/web/build.ts', import.meta.url)), '--if-missing'])
}
