import { type HealthTimes, readHealthTimes, startHealthWatch, stopHealthWatch } from '../load/health-watch.ts'
import { type LoopDelay, readLoopDelay, watchLoopDelay } from '../probe/loop-delay.ts'
import type { ChildServer } from '../processes/child-servers.ts'
import type { TaskProcess } from '../processes/task-process.ts'
import { quantile } from '../report/statistics.ts'
import { peakMb } from './peak-memory.ts'

/** A part of a load, and how the server answered health checks in it. */
export interface WatchedPhase {
  readonly name: string
  readonly health: HealthTimes
  /** Of the server. */
  readonly loopDelay: LoopDelay
  /** The largest RSS so far. */
  readonly peakMb: number
}

/** The columns of `healthCells`. */
export const HEALTH_HEAD = [
  'health p50 ms',
  'p99',
  'max',
  'on a new connection p50 ms',
  'p99',
  'max',
  'prober late, max ms',
  'loop delay max ms',
  'longest turn, CPU ms',
  'peak RSS MB',
]

/** Asks a server for its health while a load runs, from a process that does nothing else. */
export class Watcher {
  readonly phases: WatchedPhase[] = []
  readonly #server: ChildServer
  readonly #prober: TaskProcess

  constructor(server: ChildServer, prober: TaskProcess) {
    this.#server = server
    this.#prober = prober
  }

  async during<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const { process, url } = this.#server
    await process.run(watchLoopDelay, null)
    await this.#prober.run(startHealthWatch, { url })
    const result = await work()
    const health = await this.#prober.run(readHealthTimes, null)
    const loopDelay = await process.run(readLoopDelay, null)
    await this.#prober.run(stopHealthWatch, null)
    if (health.failed > 0) throw new Error(`${health.failed} health checks failed while: ${name}`)
    this.phases.push({ name, health, loopDelay, peakMb: await peakMb([process]) })
    return result
  }
}

export function slowestMs(phases: readonly WatchedPhase[]): number {
  return Math.max(...phases.flatMap(({ health }) => [...health.keptMs, ...health.newMs]))
}

export function healthCells({ health, loopDelay, peakMb }: WatchedPhase): string[] {
  const ofTimes = (times: readonly number[]) => [0.5, 0.99, 1].map((share) => quantile(times, share).toFixed(1))
  return [
    ...ofTimes(health.keptMs),
    ...ofTimes(health.newMs),
    health.ownDelay.maxMs.toFixed(1),
    loopDelay.maxMs.toFixed(1),
    loopDelay.maxTurnCpuMs.toFixed(1),
    peakMb.toFixed(0),
  ]
}
