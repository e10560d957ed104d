import { spawnSync } from 'node:child_process'
import { cpus, totalmem } from 'node:os'
import { isPinned } from '../processes/cores.ts'

/** Where and of what the figures are. */
export interface Machine {
  readonly date: string
  readonly node: string
  readonly cores: number
  readonly cpu: string
  readonly memoryGb: number
  /** Whether measured processes and load had a core each. */
  readonly isPinned: boolean
  readonly revision: string | undefined
}

/** @param checkout the folder of the checkout that is measured; default: this one */
export function thisMachine(checkout: string = import.meta.dirname): Machine {
  return {
    date: new Date().toISOString(),
    node: process.version,
    cores: cpus().length,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    isPinned,
    revision: revision(checkout),
  }
}

/** The commit, with a `+` when files differ from it. */
function revision(checkout: string): string | undefined {
  const git = spawnSync('git', ['describe', '--always', '--dirty=+'], { cwd: checkout, encoding: 'utf8' })
  return git.status === 0 ? git.stdout.trim() : undefined
}

export function describeMachine({ node, cores, cpu, memoryGb, isPinned: pinned, revision: commit }: Machine): string {
  const where = pinned ? 'server and load on a core each' : 'server and load not pinned to cores'
  return `Node.js ${node}, ${cores} × ${cpu}, ${memoryGb} GB, ${where}, commit ${commit ?? 'unknown'}`
}
