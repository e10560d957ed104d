import { TaskProcess } from './task-process.ts'

/** A process that listens. */
export interface ChildServer extends AsyncDisposable {
  readonly process: TaskProcess
  readonly url: string
}

/** Answers like OpenAI, on the core of the load. */
export function startVendor(): Promise<ChildServer> {
  return started(new TaskProcess({ role: 'load', script: new URL('../vendor/vendor.ts', import.meta.url) }))
}

/** The floor of a relay, on the core of the server under test. */
export function startProxyFloor(vendorUrl: string): Promise<ChildServer> {
  const script = new URL('../floors/proxy-floor.ts', import.meta.url)
  return started(new TaskProcess({ role: 'measured', script, env: { VENDOR_URL: vendorUrl } }))
}

/** The floor of a stream with many readers, on the core of the server under test. */
export function startBroadcastFloor(): Promise<ChildServer> {
  const script = new URL('../floors/broadcast-floor.ts', import.meta.url)
  return started(new TaskProcess({ role: 'measured', script }))
}

/** The floor of resuming, on the core of the server under test. */
export function startSliceFloor(): Promise<ChildServer> {
  return started(new TaskProcess({ role: 'measured', script: new URL('../floors/slice-floor.ts', import.meta.url) }))
}

/** The clients of a benchmark: a process of its own, so that what they cost is not counted. */
export function startLoad(): TaskProcess {
  return new TaskProcess({ role: 'load', script: new URL('../load/load.ts', import.meta.url) })
}

async function started(process: TaskProcess): Promise<ChildServer> {
  const url = await process.outputMatch(/listening on (http:\S+)/)
  return { process, url, [Symbol.asyncDispose]: () => process[Symbol.asyncDispose]() }
}
