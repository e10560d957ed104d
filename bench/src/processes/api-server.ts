import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import type { Role } from './cores.ts'
import { programFile } from './programs.ts'
import type { ServerVersion } from './server-version.ts'
import { TaskProcess } from './task-process.ts'

/** Limits that no benchmark reaches. With the defaults, 100 clients would wait for 64 slots. */
const WIDE_LIMITS = {
  MAX_CONCURRENT_JOBS: '100000',
  MAX_CONCURRENT_JOBS_PER_PROVIDER: '100000',
  MAX_QUEUED_JOBS: '1000000',
  FIRST_TOKEN_TIMEOUT_MS: '3600000',
  TOKEN_IDLE_TIMEOUT_MS: '3600000',
  JOB_TIMEOUT_MS: '3600000',
  MAX_STREAMS_PER_KEY: '1000000',
  MAX_STREAMS_PER_JOB: '1000000',
}

/** The server, started as in production, in a new folder. The probe is loaded into it. */
export interface ApiServer extends AsyncDisposable {
  readonly version: ServerVersion
  readonly process: TaskProcess
  readonly url: string
  /** From the start of the process until it listens. */
  readonly startUpMs: number
}

export interface ApiServerOptions {
  readonly version: ServerVersion
  readonly vendorUrl: string
  /** Writes files into the server's folder before it starts, such as a `jobs.json`. */
  readonly fill?: (folder: string) => Promise<void>
  /** More settings; they override those of every benchmark. */
  readonly env?: Readonly<Record<string, string>>
  /** More arguments of Node.js. */
  readonly nodeArguments?: readonly string[]
  /** Default: `measured`. */
  readonly role?: Role
}

export async function startApiServer({
  version,
  vendorUrl,
  fill,
  env = {},
  nodeArguments = [],
  role = 'measured',
}: ApiServerOptions): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'promptlab-bench-'))
  await fill?.(folder)
  const startedAt = performance.now()
  const server = new TaskProcess({
    role,
    nodeArguments: [...nodeArguments, ...version.nodeArguments, '--import', programFile('probe').href],
    script: version.script,
    folder,
    env: {
      PORT: '0',
      OPENAI_API_KEY: 'sk-bench',
      OPENAI_BASE_URL: `${vendorUrl}/v1`,
      OPENAI_MODELS: 'bench',
      ...WIDE_LIMITS,
      ...env,
    },
  })
  const close = async () => {
    await server[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const url = await server.outputMatch(/listening on (http:\S+)/)
    return { version, process: server, url, startUpMs: performance.now() - startedAt, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}

/** A server of each version, in their order; the stack ends them. */
export async function startApiServers(
  versions: readonly ServerVersion[],
  stack: AsyncDisposableStack,
  options: Omit<ApiServerOptions, 'version'>,
): Promise<ApiServer[]> {
  const servers: ApiServer[] = []
  for (const version of versions) servers.push(stack.use(await startApiServer({ version, ...options })))
  return servers
}
