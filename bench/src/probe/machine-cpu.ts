import { cpus } from 'node:os'

/** How long all cores of the machine together have been busy, and how long they have been there, in milliseconds. */
export interface MachineCpu {
  readonly busyMs: number
  readonly totalMs: number
}

export function machineCpu(): MachineCpu {
  const all = cpus().map(({ times }) => {
    const totalMs = times.user + times.nice + times.sys + times.irq + times.idle
    return { busyMs: totalMs - times.idle, totalMs }
  })
  return all.reduce((sum, one) => ({ busyMs: sum.busyMs + one.busyMs, totalMs: sum.totalMs + one.totalMs }))
}

/** How busy the machine was between two readings, in percent of all its cores. */
export function busyPercent(before: MachineCpu, after: MachineCpu): number {
  return ((after.busyMs - before.busyMs) / (after.totalMs - before.totalMs)) * 100
}
