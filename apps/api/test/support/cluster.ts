import { type LoopbackVendor, startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { onTestFinished } from 'vitest'
import { RedisProcess } from './redis-process.ts'
import { programArguments, ServerProcess } from './server-process.ts'

type Server = ServerProcess & { url: string }
type Role = 'all' | 'api' | 'worker'

/** Several processes of the server on one database and one Redis. The test plays their vendor. */
export class Cluster {
  readonly vendor: LoopbackVendor
  readonly redis: RedisProcess
  readonly #env: Record<string, string>
  readonly #servers: ServerProcess[] = []

  private constructor(vendor: LoopbackVendor, redis: RedisProcess, env: Record<string, string>) {
    this.vendor = vendor
    this.redis = redis
    this.#env = env
  }

  /** @param env settings for all processes, in addition to those that a cluster needs */
  static async prepare(databaseUrl: string, env: Record<string, string> = {}): Promise<Cluster> {
    const vendor = await startOpenAIVendor()
    onTestFinished(() => vendor.close())
    const redis = await RedisProcess.start()
    return new Cluster(vendor, redis, {
      DATABASE_URL: databaseUrl,
      REDIS_URL: redis.url,
      OPENAI_API_KEY: 'key',
      OPENAI_BASE_URL: vendor.url,
      RUNNER_LEASE_MS: '2000',
      LOG_LEVEL: 'warn',
      ...env,
    })
  }

  /**
   * Starts a process and waits until it listens.
   * @param program the arguments of Node.js; default: the built server
   */
  async start(role: Role, env: Record<string, string> = {}, program?: readonly string[]): Promise<Server> {
    const server = await this.spawn(role, env, program)
    return Object.assign(server, { url: await server.listening() })
  }

  async spawn(
    role: Role,
    env: Record<string, string> = {},
    program: readonly string[] = programArguments('main'),
  ): Promise<ServerProcess> {
    const server = await ServerProcess.spawnNode(program, { ...this.#env, ROLE: role, ...env })
    this.#servers.push(server)
    return server
  }

  /** Kills all processes and Redis, and closes the vendor. All of this happens anyway when the test ends. */
  async kill(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.kill()))
    await this.redis.kill()
    await this.vendor.close()
  }

  /** Starts two processes that take requests and two workers. */
  async startFour(): Promise<{ apis: [Server, Server]; workers: [Server, Server] }> {
    const [first, second, third, fourth] = await Promise.all([
      this.start('api'),
      this.start('api'),
      this.start('worker'),
      this.start('worker'),
    ])
    return { apis: [first, second], workers: [third, fourth] }
  }
}
