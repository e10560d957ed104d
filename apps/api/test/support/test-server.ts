import { join } from 'node:path'
import { type LLMProvider, ProviderRegistry } from '@promptlab/providers'
import type { FastifyInstance } from 'fastify'
import { type Logger, pino } from 'pino'
import { onTestFinished } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { type AppConfig, buildApp } from '../../src/build-app.ts'
import { readConfig } from '../../src/config/config.ts'
import { openDependencies } from '../../src/dependencies.ts'
import type { JobRepository } from '../../src/jobs/ports/job-repository.ts'
import { MemoryTokenLog } from '../../src/token-log/memory-token-log.ts'
import { temporaryFolder } from './temporary-folder.ts'

const SILENT = pino({ level: 'silent' })

export interface TestServerOptions {
  /** The environment. The server keeps this object, so a test can set a key later. Without DATABASE_URL the store is a new file. */
  env?: Record<string, string>
  /** Replace the configured providers. */
  providers?: readonly LLMProvider[]
  config?: Partial<AppConfig>
  /** Replaces the system's clock. */
  clock?: Clock
  /** Replaces a silent logger. */
  logger?: Logger
}

export interface TestServer {
  readonly url: string
  readonly jobs: JobRepository
  readonly tokenLog: MemoryTokenLog
  readonly app: FastifyInstance
  /** All of them, as `GET /jobs/:id`, without those that answer all other methods with 405. */
  readonly routes: readonly string[]
}

/** Starts the whole app in this process, on a real socket and a real file. Closed when the test ends. */
export async function startServer({
  env = {},
  providers,
  config,
  clock = systemClock,
  logger = SILENT,
}: TestServerOptions = {}): Promise<TestServer> {
  env['DATABASE_URL'] ??= await newStorePath()
  env['ECHO_DELAY_MS'] ??= '0'
  env['DRAIN_MS'] ??= '0'
  env['MODEL_REFRESH_MINUTES'] ??= '0'
  const configuration = readConfig(env)
  const tokenLog = new MemoryTokenLog()
  const opened = { ...(await openDependencies(configuration, logger)), tokenLog, clock }
  const deps = providers
    ? { ...opened, providers: new ProviderRegistry(providers.map((provider) => ({ provider }))) }
    : opened
  const app = buildApp({ ...configuration, logger, ...config }, deps)
  const routes: string[] = []
  app.addHook('onRoute', ({ method, url }) => {
    const methods = [method].flat()
    if (!methods.includes('TRACE')) routes.push(...methods.map((each) => `${each} ${url}`))
  })
  onTestFinished(() => app.close())
  return { app, jobs: opened.jobs, tokenLog, routes, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

export async function newStorePath(): Promise<string> {
  return join(await temporaryFolder(), 'jobs.json')
}
