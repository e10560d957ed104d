import { readPeakMemory } from '../probe/memory.ts'
import type { TaskProcess } from '../processes/task-process.ts'

/** The largest RSS that processes have had since they were started, added up, in MB. */
export async function peakMb(processes: readonly TaskProcess[]): Promise<number> {
  const bytes = await Promise.all(processes.map((process) => process.run(readPeakMemory, null)))
  return bytes.reduce((sum, value) => sum + value, 0) / 1e6
}
