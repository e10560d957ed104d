import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/**
 * Who runs where: what is measured has a core to itself where the machine allows it, everything else shares another. What
 * is `anywhere` runs where the machine puts it.
 */
export type Role = 'measured' | 'load' | 'anywhere'

const cores = pinnableCores()

/** Whether measured processes and load run on different cores. */
export const isPinned = cores !== undefined

/** The command that runs a program of this role, on its core if processes can be pinned here. */
export function commandOn(role: Role, program: string, args: readonly string[]): { command: string; args: string[] } {
  if (!cores || role === 'anywhere') return { command: program, args: [...args] }
  return { command: 'taskset', args: ['--cpu-list', String(cores[role]), program, ...args] }
}

function pinnableCores(): Record<Exclude<Role, 'anywhere'>, number> | undefined {
  if (process.platform !== 'linux') return undefined
  if (spawnSync('taskset', ['--version']).status !== 0) return undefined
  const [measured, load] = allowedCores()
  return measured === undefined || load === undefined ? undefined : { measured, load }
}

function allowedCores(): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [first = Number.NaN, last = first] = range.split('-').map(Number)
    return Number.isNaN(first) ? [] : Array.from({ length: last - first + 1 }, (_, index) => first + index)
  })
}
