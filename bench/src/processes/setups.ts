import { startApiServer } from './api-server.ts'
import { createPostgresDatabase } from './postgres-database.ts'
import { startRedis } from './redis-server.ts'
import type { TaskProcess } from './task-process.ts'

/** A way to run the server: where its jobs are, and in how many processes. */
export interface Setup {
  readonly name: string
  /** What each process is told, besides the usual; several processes share its database and its Redis. */
  readonly env: Readonly<Record<string, string>>
  /** Undefined: one process does everything. */
  readonly workers?: number
}

/** The setup, running. */
export interface RunningSetup extends AsyncDisposable {
  /** Of the process that takes requests. */
  readonly url: string
  readonly processes: readonly TaskProcess[]
}

/** Every setup that is possible here, and a sentence for each that is not. What they need lives until the stack is disposed. */
export async function availableSetups(stack: AsyncDisposableStack): Promise<{ setups: Setup[]; missing: string[] }> {
  const setups: Setup[] = [
    { name: 'jobs.json', env: {} },
    { name: 'SQLite', env: { DATABASE_URL: 'sqlite:jobs.sqlite' } },
  ]
  const database = await createPostgresDatabase()
  if (!database) return { setups, missing: ['PostgreSQL: none answers; start one or set TEST_POSTGRES_URL'] }
  stack.use(database)
  setups.push({ name: 'PostgreSQL', env: { DATABASE_URL: database.url } })
  const redis = await startRedis()
  if (!redis) return { setups, missing: ['Redis: there is no redis-server on the PATH'] }
  stack.use(redis)
  const shared = { DATABASE_URL: database.url, REDIS_URL: redis.url }
  for (const workers of [1, 2]) {
    setups.push({ name: `PostgreSQL, Redis, ${workers} worker${workers > 1 ? 's' : ''}`, env: shared, workers })
  }
  return { setups, missing: [] }
}

/** @param env settings besides those of the setup */
export async function startSetup(
  { env: own, workers }: Setup,
  vendorUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningSetup> {
  const stack = new AsyncDisposableStack()
  const start = async (role: string) => {
    const given =
      workers === undefined
        ? { env: { ...own, ...env } }
        : { env: { ...own, ...env, ROLE: role }, role: 'anywhere' as const }
    return stack.use(await startApiServer({ vendorUrl, ...given }))
  }
  try {
    const first = await start('api')
    const others = []
    for (let worker = 0; worker < (workers ?? 0); worker += 1) others.push(await start('worker'))
    return {
      url: first.url,
      processes: [first, ...others].map(({ process }) => process),
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}
