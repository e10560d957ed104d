import { type LoopbackVendor, startOpenAIVendor } from '@promptlab/providers/testing/vendors'
import { onTestFinished } from 'vitest'
import { RedisProcess } from './redis-process.ts'
import { ServerProcess } from './server-process.ts'

type Server = ServerProcess & { url: string }

/** Several processes of the server on one database and one Redis, with the vendor in the test's hands. */
export class Cluster {
  readonly vendor: LoopbackVendor
  readonly redis: RedisProcess
  readonly #env: Record<string, string>

  private constructor(vendor: LoopbackVendor, redis: RedisProcess, env: Record<string, string>) {
    this.vendor = vendor
    this.redis = redis
    this.#env = env
  }

  /** @param env in addition to what they need */
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

  start(role: 'all' | 'api' | 'worker', env: Record<string, string> = {}): Promise<Server> {
    return ServerProcess.start({ ...this.#env, ROLE: role, ...env })
  }

  spawn(role: 'all' | 'api' | 'worker', env: Record<string, string> = {}): Promise<ServerProcess> {
    return ServerProcess.spawn({ ...this.#env, ROLE: role, ...env })
  }

  /** Two that take requests and two that run jobs. */
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
