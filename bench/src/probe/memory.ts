import { readFileSync } from 'node:fs'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'

const Memory = z.object({ rssBytes: z.number(), heapUsedBytes: z.number(), externalBytes: z.number() })
export type Memory = z.infer<typeof Memory>

/** Collects garbage, then reads the memory that a process occupies. */
export const readMemory: Task<null, Memory> = {
  name: 'read-memory',
  params: z.null(),
  result: Memory,
  run: () => {
    collectGarbage()
    const { rss, heapUsed, external } = process.memoryUsage()
    return { rssBytes: rss, heapUsedBytes: heapUsed, externalBytes: external }
  },
}

/** The largest RSS that a process has had since it was started, in bytes. */
export const readPeakMemory: Task<null, number> = {
  name: 'read-peak-memory',
  params: z.null(),
  result: z.number(),
  run: () => {
    // Not `maxRSS` on Linux: there a child process begins with the peak of its parent.
    if (process.platform !== 'linux') return process.resourceUsage().maxRSS * 1024
    return Number(/^VmHWM:\s*(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) * 1024
  },
}

/** The largest size that V8 lets the heap of a process have, in bytes. */
export const readHeapLimit: Task<null, number> = {
  name: 'read-heap-limit',
  params: z.null(),
  result: z.number(),
  run: () => getHeapStatistics().heap_size_limit,
}

/** Collects twice, because finalizers of the first collection free more. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('This Node.js cannot collect garbage on demand')
  collect()
  collect()
}
