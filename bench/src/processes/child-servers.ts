import { mkdtempDisposable } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { programFile } from './programs.ts'
import { TaskProcess } from './task-process.ts'

/** A process that serves HTTP. */
export interface ChildServer extends AsyncDisposable {
  readonly process: TaskProcess
  readonly url: string
}

/** A vendor that answers like OpenAI. */
export function startVendor(): Promise<ChildServer> {
  return started(new TaskProcess({ role: 'load', script: programFile('vendor') }))
}

/** A vendor and its clients in one process, so that each token waits until the client has the one before. */
export function startLockStep(): Promise<ChildServer> {
  return started(new TaskProcess({ role: 'load', script: programFile('lock-step') }))
}

/** The floor of `relay` and `burst`. */
export function startProxyFloor(vendorUrl: string): Promise<ChildServer> {
  const script = programFile('proxy-floor')
  return started(new TaskProcess({ role: 'measured', script, env: { VENDOR_URL: vendorUrl } }))
}

/** A durable engine with nothing around it, which stores its jobs in a new folder. */
export async function startPlainEngine(vendorUrl: string): Promise<ChildServer> {
  await using stack = new AsyncDisposableStack()
  const { path: folder } = stack.use(await mkdtempDisposable(join(tmpdir(), 'promptlab-bench-')))
  const env = { OPENAI_BASE_URL: `${vendorUrl}/v1`, OPENAI_API_KEY: 'sk-bench' }
  const script = programFile('plain-engine')
  const engine = stack.use(await started(new TaskProcess({ role: 'measured', script, env, folder })))
  const opened = stack.move()
  return { ...engine, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

/** The floor of `fan-out` and `idle`. */
export function startBroadcastFloor(): Promise<ChildServer> {
  const script = programFile('broadcast-floor')
  return started(new TaskProcess({ role: 'measured', script }))
}

/** The floor of `resume`. */
export function startSliceFloor(): Promise<ChildServer> {
  return started(new TaskProcess({ role: 'measured', script: programFile('slice-floor') }))
}

/** The clients of a benchmark, in a separate process, so that their CPU time is not counted. */
export function startLoad(): TaskProcess {
  return new TaskProcess({ role: 'load', script: programFile('load') })
}

async function started(process: TaskProcess): Promise<ChildServer> {
  const url = await process.outputMatch(/listening on (http:\S+)/)
  return { process, url, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() }
}
