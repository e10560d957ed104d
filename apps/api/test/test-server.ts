import { join } from 'node:path'
import { type LLMProvider, ProviderRegistry } from '@promptlab/providers'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { type AppConfig, buildApp } from '../src/build-app.ts'
import { readConfig } from '../src/config.ts'
import { openDependencies } from '../src/dependencies.ts'
import type { JobRepository } from '../src/jobs/job-repository.ts'
import { MemoryTokenLog } from '../src/token-log/memory-token-log.ts'
import { temporaryFolder } from './temporary-folder.ts'

interface TestServerOptions {
  /** Used as it is, so that a test can set a key while the server runs; the store is in a new file unless it is named. */
  env?: Record<string, string>
  /** In place of the configured providers. */
  providers?: readonly LLMProvider[]
  config?: Partial<AppConfig>
}

export interface TestServer {
  readonly url: string
  readonly jobs: JobRepository
  readonly tokenLog: MemoryTokenLog
  readonly app: FastifyInstance
}

/** The whole app on a real socket and a real file, closed when the test ends. */
export async function startServer({ env = {}, providers, config }: TestServerOptions = {}): Promise<TestServer> {
  env['DATABASE_URL'] ??= await newStorePath()
  env['ECHO_DELAY_MS'] ??= '0'
  env['SHUTDOWN_GRACE_MS'] ??= '0'
  const configuration = readConfig(env)
  const logger = pino({ level: 'silent' })
  const tokenLog = new MemoryTokenLog()
  const opened = { ...(await openDependencies(configuration, logger)), tokenLog }
  const deps = providers
    ? { ...opened, providers: new ProviderRegistry(providers.map((provider) => ({ provider }))) }
    : opened
  const app = buildApp({ ...configuration, logger, ...config }, deps)
  onTestFinished(() => app.close())
  return { app, jobs: opened.jobs, tokenLog, url: await app.listen({ host: '127.0.0.1', port: 0 }) }
}

export async function newStorePath(): Promise<string> {
  return join(await temporaryFolder(), 'jobs.json')
}
