import { GCProfiler, getHeapStatistics } from 'node:v8'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'

let counted: { readonly profiler: GCProfiler; readonly usedBytes: number } | undefined

/** Begins to count the bytes that a process allocates in the JavaScript heap. */
export const countAllocations: Task<null, null> = {
  name: 'count-allocations',
  params: z.null(),
  result: z.null(),
  run: () => {
    const profiler = new GCProfiler()
    profiler.start()
    counted = { profiler, usedBytes: getHeapStatistics().used_heap_size }
    return null
  },
}

/**
 * The bytes allocated since `countAllocations`. V8 has no such counter, so they are the growth of the heap between garbage
 * collections, added up.
 */
export const readAllocations: Task<null, number> = {
  name: 'read-allocations',
  params: z.null(),
  result: z.number(),
  run: () => {
    if (!counted) throw new Error('countAllocations has to be called first')
    const usedBytes = getHeapStatistics().used_heap_size
    let allocated = 0
    let base = counted.usedBytes
    for (const { beforeGC, afterGC } of counted.profiler.stop()?.statistics ?? []) {
      allocated += beforeGC.heapStatistics.usedHeapSize - base
      base = afterGC.heapStatistics.usedHeapSize
    }
    counted = undefined
    return allocated + usedBytes - base
  },
}
