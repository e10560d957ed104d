import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { programFile } from './programs.ts'
import type { ServerVersion } from './server-version.ts'

/** A start of a program. */
export interface TimedStart {
  /** From the start of the process until it says that it listens. */
  readonly wallMs: number
  /** CPU time of all its threads until then, in milliseconds. NaN where there is no `/proc`. */
  readonly cpuMs: number
}

/** A server that can be started. */
export interface Startable {
  readonly command: string
  readonly args: readonly string[]
  /** Where it runs. Default: a new folder. */
  readonly folder?: string
  /** Settings. Default: a free port, and a new `jobs.json`. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/** A plain `node:http` server. */
export function helloServer(): Startable {
  return { command: process.execPath, args: [fileURLToPath(programFile('hello-floor'))] }
}

export function builtServer({ nodeArguments, script }: ServerVersion, env: Startable['env'] = {}): Startable {
  return { command: process.execPath, args: [...nodeArguments, fileURLToPath(script)], env }
}

/** `pnpm start`, by the pnpm that runs this program, if one does: `npx pnpm` would ask the registry first. */
export function pnpmStart(checkout: string): Startable {
  const pnpm = process.env['npm_execpath'] ?? 'pnpm'
  const isScript = /\.[cm]?js$/.test(pnpm)
  return {
    command: isScript ? process.execPath : pnpm,
    args: [...(isScript ? [pnpm] : []), 'start'],
    folder: checkout,
    env: { HOME: process.env['HOME'] },
  }
}

/** Starts a server, waits until it listens, and ends it. @throws Error it ended before */
export async function startOnce({ command, args, folder, env }: Startable): Promise<TimedStart> {
  const ownFolder = await mkdtemp(join(tmpdir(), 'promptlab-bench-'))
  const settings = { DATABASE_URL: join(ownFolder, 'jobs.json'), PORT: '0', ...env, PATH: process.env['PATH'] }
  try {
    return await timeStart({ command, args, folder: folder ?? ownFolder, env: settings })
  } finally {
    await rm(ownFolder, { recursive: true, force: true })
  }
}

/** Ends the server with all processes that it started. */
async function timeStart({ command, args, folder, env }: Required<Startable>): Promise<TimedStart> {
  const startedAt = performance.now()
  // In a process group of its own, because `pnpm` starts the server as its child.
  const child = spawn(command, args, { cwd: folder, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  let output = ''
  const { promise: listening, resolve } = Promise.withResolvers<TimedStart>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (!/listening on http:\S+\s/.test(output)) return
      resolve({ wallMs: performance.now() - startedAt, cpuMs: cpuMsOf(child.pid) })
    })
  }
  try {
    const outcome = await Promise.race([listening, closed])
    if ('wallMs' in outcome) return outcome
    throw new Error(`${command} ended before it listened:\n${output}`)
  } finally {
    // It may have ended already.
    if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await closed
  }
}

/** CPU time of the threads of a process, in milliseconds. */
function cpuMsOf(pid: number | undefined): number {
  if (process.platform !== 'linux') return Number.NaN
  const threads = `/proc/${pid}/task`
  const ns = readdirSync(threads).map((id) => Number(readFileSync(`${threads}/${id}/schedstat`, 'utf8').split(' ')[0]))
  return ns.reduce((sum, value) => sum + value, 0) / 1e6
}
