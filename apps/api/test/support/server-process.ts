import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'

/** The built programs; `build-server.ts` makes them before the tests. */
const PROGRAMS = new URL('../../dist/', import.meta.url)

/** Processes start in a fifth less time with it. */
const COMPILE_CACHE = join(tmpdir(), 'promptlab-compile-cache')

/** The arguments with which Node.js runs a built program, as the image does. */
export function programArguments(
  name: 'main' | 'import-jobs' | 'new-key' | 'promptlab' | 'providers',
  ...args: readonly string[]
): string[] {
  return [fileURLToPath(new URL(`${name}.js`, PROGRAMS)), ...args]
}

/** The server, or another program, as a process of its own. Killed when the test ends. */
export class ServerProcess {
  readonly #child: ChildProcess
  /** All that it has printed so far. */
  output = ''

  private constructor(child: ChildProcess) {
    this.#child = child
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output += text
        child.emit('output')
      })
    }
  }

  /** Runs the built server on a free port, in an empty folder, with nothing in its environment but what is given. */
  static spawn(env: Record<string, string>): Promise<ServerProcess> {
    return ServerProcess.spawnNode(programArguments('main'), env)
  }

  /** The same for another program, given all arguments of Node.js. */
  static async spawnNode(args: readonly string[], env: Record<string, string> = {}): Promise<ServerProcess> {
    const server = ServerProcess.#spawnIn(await temporaryFolder(), args, env)
    onTestFinished(() => server.kill())
    return server
  }

  /**
   * Runs the built server for several tests, and waits until it listens. The caller kills it.
   * @param folder where it runs
   */
  static async startForAll(folder: string, env: Record<string, string>): Promise<ServerProcess & { url: string }> {
    const server = ServerProcess.#spawnIn(folder, programArguments('main'), env)
    return Object.assign(server, { url: await server.listening() })
  }

  /**
   * Runs a server by another command, such as one that npm installed, and waits until it listens.
   * @param folder where it runs
   */
  static async startCommand(
    folder: string,
    [program, ...args]: readonly [string, ...string[]],
    env: Record<string, string>,
  ): Promise<ServerProcess & { url: string }> {
    const server = ServerProcess.#spawnIn(folder, args, env, program)
    onTestFinished(() => server.kill())
    return Object.assign(server, { url: await server.listening() })
  }

  static #spawnIn(
    folder: string,
    args: readonly string[],
    env: Record<string, string>,
    program = process.execPath,
  ): ServerProcess {
    const child = spawn(program, args, {
      cwd: folder,
      env: { PORT: '0', NODE_COMPILE_CACHE: COMPILE_CACHE, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    return new ServerProcess(child)
  }

  /** Runs the built server and waits until it listens. */
  static start(env: Record<string, string>): Promise<ServerProcess & { url: string }> {
    return ServerProcess.startNode(programArguments('main'), env)
  }

  /** The same for another program, given all arguments of Node.js. */
  static async startNode(
    args: readonly string[],
    env: Record<string, string>,
  ): Promise<ServerProcess & { url: string }> {
    const server = await ServerProcess.spawnNode(args, env)
    return Object.assign(server, { url: await server.listening() })
  }

  /** Ends it with SIGKILL. */
  async kill(): Promise<void> {
    this.signal('SIGKILL')
    await this.exit()
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  /** The exit code, or the signal that ended it. */
  async exit(): Promise<number | NodeJS.Signals | null> {
    const { exitCode, signalCode } = this.#child
    if (exitCode === null && signalCode === null) await once(this.#child, 'close')
    return this.#child.exitCode ?? this.#child.signalCode
  }

  /** Waits until it listens, and gives its URL. */
  async listening(): Promise<string> {
    for (;;) {
      const url = /listening on (http:\S+)/.exec(this.output)?.[1]
      if (url) return url
      const happened = await Promise.race([once(this.#child, 'output').then(() => 'output'), this.exit()])
      if (happened !== 'output') throw new Error(`The server ended with ${happened}:\n${this.output}`)
    }
  }
}
