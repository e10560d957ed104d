import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * What a process is to a benchmark. With `BENCH_PINNED=1` the measured processes share one core and the load shares another;
 * those that are `anywhere`, and without the setting all, run where the operating system puts them.
 */
export type Role = 'measured' | 'load' | 'anywhere'

const cores = process.env['BENCH_PINNED'] === '1' ? pinnableCores() : undefined

/** Whether measured processes and load are kept on different cores. */
export const isPinned = cores !== undefined

/** The command that runs a program of this role, on its core if it has one. */
export function commandOn(role: Role, program: string, args: readonly string[]): { command: string; args: string[] } {
  if (!cores || role === 'anywhere') return { command: program, args: [...args] }
  return { command: 'taskset', args: ['--cpu-list', String(cores[role]), program, ...args] }
}

/** @throws Error processes cannot be pinned here */
function pinnableCores(): Record<Exclude<Role, 'anywhere'>, number> {
  const hasTaskset = process.platform === 'linux' && spawnSync('taskset', ['--version']).status === 0
  const [measured, load] = hasTaskset ? allowedCores() : []
  if (measured === undefined || load === undefined) throw new Error('BENCH_PINNED needs Linux, taskset and two cores')
  return { measured, load }
}

function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number)
    return Number.isNaN(first) ? [] : Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
