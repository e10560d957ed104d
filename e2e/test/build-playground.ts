import { fileURLToPath } from 'node:url'
import { runProgram } from './run-program.ts'

/** Before all tests: the page that they open is that of the present sources. */
export default async function buildPlayground(): Promise<void> {
  await runProgram('node', [fileURLToPath(new URL('../../apps/web/build.ts', import.meta.url)), '--if-missing'])
}
