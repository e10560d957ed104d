import type { RunOptions } from '../benchmark.ts'
import { startProfile, stopProfile } from '../probe/profiler.ts'
import type { ApiServer } from '../processes/api-server.ts'

/**
 * Runs the work while the server samples itself. Without `profilePathOf` it does nothing.
 * @param part names the work, if there are profiles of several works
 */
export async function profiled(
  { process, version }: ApiServer,
  { profilePathOf }: RunOptions,
  work: () => Promise<unknown>,
  part?: string,
): Promise<void> {
  if (!profilePathOf) return
  await process.run(startProfile, null)
  await work()
  await process.run(stopProfile, { path: profilePathOf(version, part) })
}
