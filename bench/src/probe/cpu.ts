import { z } from 'zod'
import type { Task } from '../processes/task.ts'

/** CPU time used so far, user and system together, in microseconds. */
export const CpuTime = z.object({
  /** Every thread of the process. */
  processUs: z.number(),
  mainThreadUs: z.number(),
})
export type CpuTime = z.infer<typeof CpuTime>

/** Reads the CPU time of a process. */
export const readCpu: Task<null, CpuTime> = {
  name: 'read-cpu',
  params: z.null(),
  result: CpuTime,
  run: () => ({ processUs: sum(process.cpuUsage()), mainThreadUs: sum(process.threadCpuUsage()) }),
}

export function cpuBetween(before: CpuTime, after: CpuTime): CpuTime {
  return {
    processUs: after.processUs - before.processUs,
    mainThreadUs: after.mainThreadUs - before.mainThreadUs,
  }
}

function sum({ user, system }: NodeJS.CpuUsage): number {
  return user + system
}
