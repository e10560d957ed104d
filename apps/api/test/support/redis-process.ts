import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { onTestFinished } from 'vitest'
import { freePort } from './free-port.ts'

const MAX_STARTS = 5

/** A Redis of the test's own, which it may kill and start again, empty, at the same address. Ended when the test ends. */
export class RedisProcess {
  readonly url: string
  readonly #port: number
  #child: ChildProcess

  private constructor(port: number, child: ChildProcess) {
    this.url = `redis://127.0.0.1:${port}`
    this.#port = port
    this.#child = child
  }

  static async start(): Promise<RedisProcess> {
    const redis = await RedisProcess.startForAll()
    onTestFinished(() => redis.kill())
    return redis
  }

  /** One that outlives the test, up to the end of this process. */
  static async startForAll(): Promise<RedisProcess> {
    for (let starts = 1; ; starts++) {
      const port = await freePort()
      const child = await spawnRedis(port)
      if (child) return new RedisProcess(port, child)
      // Another program took the port in between.
      if (starts === MAX_STARTS) throw new Error('redis-server does not start')
    }
  }

  /** As nobody would want it to end: everything that it held is gone. */
  async kill(): Promise<void> {
    const { exitCode, signalCode } = this.#child
    this.#child.kill('SIGKILL')
    if (exitCode === null && signalCode === null) await once(this.#child, 'exit')
  }

  /** Starts it again after it was killed; it is empty. */
  async startAgain(): Promise<void> {
    const child = await spawnRedis(this.#port)
    if (!child) throw new Error('redis-server does not start again')
    this.#child = child
  }

  /** Stops it from answering, without ending it or its connections. */
  pause(): void {
    this.#child.kill('SIGSTOP')
  }

  resume(): void {
    this.#child.kill('SIGCONT')
  }
}

/** @returns undefined if it ended at once */
async function spawnRedis(port: number): Promise<ChildProcess | undefined> {
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', tmpdir()]
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const endWithUs = () => child.kill('SIGKILL')
  process.once('exit', endWithUs)
  child.once('exit', () => process.off('exit', endWithUs))
  let output = ''
  const ready = new Promise<true>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
      if (output.includes('Ready to accept connections')) resolve(true)
    })
  })
  return (await Promise.race([ready, once(child, 'exit').then(() => false)])) ? child : undefined
}
