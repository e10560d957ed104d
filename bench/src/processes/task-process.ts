import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { commandOn, type Role } from './cores.ts'
import { type Task, TaskReply } from './task.ts'

export interface TaskProcessOptions {
  readonly role: Role
  /** The file it runs. */
  readonly script: URL
  /** Arguments of Node.js, in front of the file. */
  readonly nodeArguments?: readonly string[]
  /** Its environment, besides PATH. */
  readonly env?: Readonly<Record<string, string>>
  readonly folder?: string
}

/** The end of its output is kept, for the message when it fails. */
const MAX_OUTPUT_CHARS = 20_000

type Waiting = PromiseWithResolvers<unknown>

/** A Node.js process that runs tasks. */
export class TaskProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, Waiting>()
  #lastId = 0
  #output = ''

  constructor({ role, script, nodeArguments = [], env = {}, folder }: TaskProcessOptions) {
    const { command, args } = commandOn(role, process.execPath, [...nodeArguments, fileURLToPath(script)])
    this.#child = spawn(command, args, {
      ...(folder !== undefined && { cwd: folder }),
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT_CHARS)
        this.#child.emit('output')
      })
    }
    this.#child.on('message', (message) => this.#settle(message))
    this.#child.once('close', (code, signal) => this.#fail(new Error(`The process ended with ${code ?? signal}`)))
  }

  /** @throws Error the process could not be started */
  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error('The process could not be started')
    return pid
  }

  get output(): string {
    return this.#output
  }

  /** Runs a task in the process. @throws Error the task failed, or the process ended */
  async run<Params, Result>(task: Task<Params, Result>, params: NoInfer<Params>): Promise<Result> {
    this.#lastId += 1
    const waiting = Promise.withResolvers<unknown>()
    this.#waiting.set(this.#lastId, waiting)
    this.#child.send({ id: this.#lastId, name: task.name, params })
    return task.result.parse(await waiting.promise)
  }

  /** Waits until its output has a match, and gives the first group. */
  async outputMatch(pattern: RegExp): Promise<string> {
    for (;;) {
      const match = pattern.exec(this.#output)?.[1]
      if (match !== undefined) return match
      if (this.#isEnded) throw new Error(`A process ended too early:\n${this.#output}`)
      await Promise.race([once(this.#child, 'output'), once(this.#child, 'close')])
    }
  }

  /** Ends it at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isEnded) return
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await closed
  }

  get #isEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null
  }

  #settle(message: unknown): void {
    const reply = TaskReply.safeParse(message)
    if (!reply.success) return
    const { id, result, error } = reply.data
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(error))
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(`${error.message}:\n${this.#output}`))
    this.#waiting.clear()
  }
}
