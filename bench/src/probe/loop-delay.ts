import { monitorEventLoopDelay } from 'node:perf_hooks'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'

/** Delays of the event loop, in milliseconds. */
const LoopDelay = z.object({ p99Ms: z.number(), maxMs: z.number() })
export type LoopDelay = z.infer<typeof LoopDelay>

const RESOLUTION_MS = 2

let histogram: ReturnType<typeof monitorEventLoopDelay> | undefined

/** Begins to measure the delay of a process's event loop. */
export const watchLoopDelay: Task<null, null> = {
  name: 'watch-loop-delay',
  params: z.null(),
  result: z.null(),
  run: () => {
    histogram?.disable()
    histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
    histogram.enable()
    return null
  },
}

/** The delays since `watchLoopDelay`. */
export const readLoopDelay: Task<null, LoopDelay> = {
  name: 'read-loop-delay',
  params: z.null(),
  result: LoopDelay,
  run: () => {
    if (!histogram) throw new Error('watchLoopDelay has to be called first')
    return { p99Ms: lateness(histogram.percentile(99)), maxMs: lateness(histogram.max) }
  },
}

/** The histogram holds the time between two ticks of its timer, in nanoseconds. */
function lateness(intervalNs: number): number {
  return Math.max(0, intervalNs / 1e6 - RESOLUTION_MS)
}
