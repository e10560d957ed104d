import { readdirSync, readFileSync } from 'node:fs'

/** The unit of CPU time in `/proc`, in microseconds. */
const TICK_US = 10_000

/**
 * CPU time that all running processes of some programs have used so far, in microseconds. For databases, which cannot load a
 * probe. 0 where there is no `/proc`.
 * @param programs their names, as `ps -o comm` shows them
 */
export function programCpuUs(programs: ReadonlySet<string>): number {
  if (process.platform !== 'linux') return 0
  let ticks = 0
  for (const entry of readdirSync('/proc')) if (/^\d+$/.test(entry)) ticks += ticksOf(entry, programs)
  return ticks * TICK_US
}

function ticksOf(pid: string, programs: ReadonlySet<string>): number {
  const stat = readStat(pid)
  const [, name = '', fields = ''] = /^\d+ \((.*)\) (.*)$/s.exec(stat) ?? []
  if (!programs.has(name)) return 0
  const [user, system] = fields.split(' ').slice(11, 13).map(Number)
  return (user ?? 0) + (system ?? 0)
}

function readStat(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    // The process has ended since the folder was read.
    return ''
  }
}
