import { startApiServer } from './api-server.ts'
import { createPostgresDatabase } from './postgres-database.ts'
import { startRedis } from './redis-server.ts'
import type { ServerVersion } from './server-version.ts'
import type { TaskProcess } from './task-process.ts'

/** Programs that run beside the server and cost CPU time too, as `ps -o comm` shows them. */
export const DATABASES: ReadonlySet<string> = new Set(['postgres', 'redis-server'])

/** A way to run the server: a store, and a number of processes. */
export interface Setup {
  readonly name: string
  /** Settings of every process, besides those of every benchmark. */
  readonly env: Readonly<Record<string, string>>
  /** Processes that run jobs. Undefined: one process does everything. */
  readonly workers?: number
}

/** A setup that runs. */
export interface RunningSetup extends AsyncDisposable {
  /** Of the process that takes requests. */
  readonly url: string
  readonly processes: readonly TaskProcess[]
}

/** Every setup that is possible here, and a sentence for each missing one. The stack ends their databases. */
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
  version: ServerVersion,
  vendorUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<RunningSetup> {
  const stack = new AsyncDisposableStack()
  const start = async (role: string) => {
    const given =
      workers === undefined
        ? { env: { ...own, ...env } }
        : { env: { ...own, ...env, ROLE: role }, role: 'anywhere' as const }
    return stack.use(await startApiServer({ version, vendorUrl, ...given }))
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
