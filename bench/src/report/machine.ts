import { spawnSync } from 'node:child_process'
import { cpus, loadavg, totalmem } from 'node:os'
import { isPinned } from '../processes/cores.ts'
import type { ServerVersion } from '../processes/server-version.ts'

/** The machine, and the servers that are measured on it. */
export interface Machine {
  readonly date: string
  readonly node: string
  readonly cores: number
  readonly cpu: string
  readonly memoryGb: number
  /** Of the last minute. Before a run, it tells how quiet the machine is. */
  readonly loadAverage: number
  /** Whether measured processes and load have a core each. */
  readonly isPinned: boolean
  readonly servers: readonly { name: string; form: string; revision: string }[]
}

export function thisMachine(versions: readonly ServerVersion[]): Machine {
  return {
    date: new Date().toISOString(),
    node: process.version,
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    loadAverage: loadavg()[0] ?? Number.NaN,
    isPinned,
    servers: versions.map(({ name, form, checkout }) => ({ name, form, revision: revisionOf(checkout) })),
  }
}

/** The commit, with a `+` when files differ from it. */
function revisionOf(checkout: string): string {
  const git = spawnSync('git', ['describe', '--always', '--dirty=+'], { cwd: checkout, encoding: 'utf8' })
  return git.status === 0 ? git.stdout.trim() : 'unknown'
}

export function describeMachine({ node, cores, cpu, memoryGb, loadAverage, servers, ...machine }: Machine): string {
  const where = machine.isPinned ? 'server and load on a core each' : 'processes on any core'
  const load = `load average ${loadAverage.toFixed(2)} before the run`
  const list = servers.map(({ name, form, revision }) => `${name}: ${form} of commit ${revision}`)
  return [`Node.js ${node}, ${cores} × ${cpu}, ${memoryGb} GB, ${where}, ${load}`, ...list].join('; ')
}
