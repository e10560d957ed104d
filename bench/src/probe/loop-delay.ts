import { monitorEventLoopDelay } from 'node:perf_hooks'
import { z } from 'zod'
import type { Task } from '../processes/task.ts'

/** Delays of the event loop, in milliseconds. */
export const LoopDelay = z.object({
  p99Ms: z.number(),
  maxMs: z.number(),
  /** The most CPU time of the main thread between two ticks of a timer: the longest turn, without waits for a core. */
  maxTurnCpuMs: z.number(),
})
export type LoopDelay = z.infer<typeof LoopDelay>

const RESOLUTION_MS = 2

/** Measures one process. */
class LoopWatch {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  readonly #timer: NodeJS.Timeout
  #cpuUs = threadCpuUs()
  #maxTurnCpuUs = 0

  constructor() {
    this.#histogram.enable()
    this.#timer = setInterval(() => this.#tick(), RESOLUTION_MS).unref()
  }

  /** The histogram holds the time between two ticks of its timer, in nanoseconds. */
  get delay(): LoopDelay {
    return {
      p99Ms: lateness(this.#histogram.percentile(99)),
      maxMs: lateness(this.#histogram.max),
      maxTurnCpuMs: this.#maxTurnCpuUs / 1000,
    }
  }

  stop(): void {
    this.#histogram.disable()
    clearInterval(this.#timer)
  }

  #tick(): void {
    const cpuUs = threadCpuUs()
    this.#maxTurnCpuUs = Math.max(this.#maxTurnCpuUs, cpuUs - this.#cpuUs)
    this.#cpuUs = cpuUs
  }
}

let watch: LoopWatch | undefined

/** Begins to measure the delay of a process's event loop. */
export const watchLoopDelay: Task<null, null> = {
  name: 'watch-loop-delay',
  params: z.null(),
  result: z.null(),
  run: () => {
    watch?.stop()
    watch = new LoopWatch()
    return null
  },
}

/** The delays since `watchLoopDelay`. */
export const readLoopDelay: Task<null, LoopDelay> = {
  name: 'read-loop-delay',
  params: z.null(),
  result: LoopDelay,
  run: () => {
    if (!watch) throw new Error('watchLoopDelay has to be called first')
    return watch.delay
  },
}

function lateness(intervalNs: number): number {
  return Math.max(0, intervalNs / 1e6 - RESOLUTION_MS)
}

function threadCpuUs(): number {
  const { user, system } = process.threadCpuUsage()
  return user + system
}
