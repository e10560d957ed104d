import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './temporary-folder.ts'

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** The server as its users run it: a process of its own. Killed when the test ends. */
export class ServerProcess {
  readonly #child: ChildProcess
  /** Everything it has printed so far. */
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

  /** Runs it on a free port, in an empty folder, with nothing in its environment but what is given. */
  static spawn(env: Record<string, string>, script = MAIN, args: readonly string[] = []): Promise<ServerProcess> {
    return ServerProcess.spawnNode(['--import', import.meta.resolve('tsx'), script, ...args], env)
  }

  /** The same, given all arguments of Node.js. */
  static async spawnNode(args: readonly string[], env: Record<string, string>): Promise<ServerProcess> {
    const child = spawn(process.execPath, args, {
      cwd: await temporaryFolder(),
      env: { PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const server = new ServerProcess(child)
    onTestFinished(() => server.kill())
    return server
  }

  /** Spawns it and waits until it listens. */
  static async start(env: Record<string, string>, script?: string): Promise<ServerProcess & { url: string }> {
    const server = await ServerProcess.spawn(env, script)
    return Object.assign(server, { url: await server.listening() })
  }

  /** As nobody would want it to end. */
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

  /** Waits until it listens; the address. */
  async listening(): Promise<string> {
    for (;;) {
      const url = /listening on (http:\S+)/.exec(this.output)?.[1]
      if (url) return url
      const happened = await Promise.race([once(this.#child, 'output').then(() => 'output'), this.exit()])
      if (happened !== 'output') throw new Error(`The server ended with ${happened}:\n${this.output}`)
    }
  }
}
