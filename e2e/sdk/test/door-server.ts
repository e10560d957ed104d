import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ServerProcess } from '@promptlab/api/testing'
import { JobPage } from '@promptlab/contract'
import type { LoopbackVendor } from '@promptlab/providers/testing/vendors'
import { afterAll, onTestFinished } from 'vitest'
import { LoopbackVendors, type VendorModel } from './loopback-vendors.ts'

/** The key of the caller `ann`. */
export const KEY = 'key-of-ann-0123456789'
const API_KEYS = `ann:${KEY},bob:key-of-bob-0123456789`

interface DoorServerOptions {
  /** The value of DATABASE_URL, which may name a file in the server's own folder. Default: a JSON file. */
  readonly store?: string
  /** Whether the server knows callers by their keys. Default: yes. */
  readonly hasKeys?: boolean
  readonly env?: Readonly<Record<string, string>>
}

/** The built server as a process, with loopback vendors behind it. A test can kill it and start it again on the same store. */
export class DoorServer {
  readonly vendors: LoopbackVendors
  readonly #folder: string
  readonly #env: Record<string, string>
  #process: ServerProcess & { url: string }

  private constructor(
    vendors: LoopbackVendors,
    folder: string,
    env: Record<string, string>,
    process: ServerProcess & { url: string },
  ) {
    this.vendors = vendors
    this.#folder = folder
    this.#env = env
    this.#process = process
  }

  /** For all tests of a file. Stopped behind the last one. */
  static async startForFile(options?: DoorServerOptions): Promise<DoorServer> {
    const server = await DoorServer.#start(options)
    afterAll(() => server.#stop())
    return server
  }

  /** For one test. Stopped when the test ends. */
  static async start(options?: DoorServerOptions): Promise<DoorServer> {
    const server = await DoorServer.#start(options)
    onTestFinished(() => server.#stop())
    return server
  }

  static async #start({ store = 'jobs.json', hasKeys = true, env = {} }: DoorServerOptions = {}): Promise<DoorServer> {
    const vendors = await LoopbackVendors.start()
    const folder = await mkdtemp(join(tmpdir(), 'promptlab-'))
    const { name, content } = vendors.providersFile
    await writeFile(join(folder, name), content)
    const all = {
      ...vendors.env,
      DATABASE_URL: store,
      LOG_LEVEL: 'warn',
      DRAIN_MS: '0',
      RATE_LIMIT_PER_MINUTE: '0',
      ...(hasKeys && { API_KEYS }),
      ...env,
    }
    return new DoorServer(vendors, folder, all, await ServerProcess.startForAll(folder, all))
  }

  /** Without a slash at its end. */
  get url(): string {
    return this.#process.url
  }

  /** The base URL for SDKs of OpenAI's API. Anthropic's own SDK takes `url`. */
  get baseURL(): string {
    return `${this.url}/v1`
  }

  /** What the server has printed since its last start. */
  get output(): string {
    return this.#process.output
  }

  vendorOf(model: VendorModel): LoopbackVendor {
    return this.vendors.of(model)
  }

  /** Asks the native API as `ann`. */
  native(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, { ...init, headers: { authorization: `Bearer ${KEY}`, ...init.headers } })
  }

  /** The ids of the jobs of `ann` that run. */
  async running(): Promise<string[]> {
    const { data } = JobPage.parse(await (await this.native('/jobs?status=running')).json())
    return data.map(({ id }) => id)
  }

  /** Waits until the running jobs have published a piece of text. */
  async published(): Promise<void> {
    for (const id of await this.running()) {
      const stop = new AbortController()
      const { body } = await this.native(`/jobs/${id}/stream`, { signal: stop.signal })
      for await (const bytes of body ?? []) if (Buffer.from(bytes).includes('"token"')) break
      stop.abort()
    }
  }

  /** Ends the process. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    this.#process.signal(signal)
    await this.#process.exit()
  }

  /** Starts it again on the same store, at another port. */
  async startAgain(): Promise<void> {
    this.#process = await ServerProcess.startForAll(this.#folder, this.#env)
  }

  async #stop(): Promise<void> {
    await this.#process.kill()
    await rm(this.#folder, { recursive: true, force: true })
    await this.vendors.close()
  }
}
