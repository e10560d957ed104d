import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'

/** What a process has used since it was started. */
export const Usage = z.object({
  /** CPU time of every thread, user and system together, in microseconds. */
  processUs: z.number(),
  /** Of it the main thread's. */
  mainThreadUs: z.number(),
  /** System calls that write: to sockets, files and pipes. 0 where there is no `/proc`. */
  writes: z.number(),
})
export type Usage = z.infer<typeof Usage>

/** Reads what a process has used so far. */
export const readUsage: Task<null, Usage> = {
  name: 'read-usage',
  params: z.null(),
  result: Usage,
  run: () => ({
    processUs: sum(process.cpuUsage()),
    mainThreadUs: sum(process.threadCpuUsage()),
    writes: writeCalls(),
  }),
}

export function usageBetween(before: Usage, after: Usage): Usage {
  return {
    processUs: after.processUs - before.processUs,
    mainThreadUs: after.mainThreadUs - before.mainThreadUs,
    writes: after.writes - before.writes,
  }
}

function sum({ user, system }: NodeJS.CpuUsage): number {
  return user + system
}

function writeCalls(): number {
  if (process.platform !== 'linux') return 0
  return Number(/^syscw: (\d+)$/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1])
}
