import { setFlagsFromString } from 'node:v8'
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

/** Twice, because finalizers of the first round free more. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('This Node.js cannot collect garbage on demand')
  collect()
  collect()
}
