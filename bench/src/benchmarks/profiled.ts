import { startProfile, stopProfile } from '../probe/profiler.ts'
import type { TaskProcess } from '../processes/task-process.ts'

/** Does it while the process samples itself, if there is a path to write to; else does nothing. */
export async function profiled(
  process: TaskProcess,
  path: string | undefined,
  work: () => Promise<unknown>,
): Promise<void> {
  if (path === undefined) return
  await process.run(startProfile, null)
  await work()
  await process.run(stopProfile, { path })
}
