import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { performance } from 'node:perf_hooks'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { Role } from './cores.ts'
import { TaskProcess } from './task-process.ts'

const THIS_REPOSITORY = fileURLToPath(new URL('../../..', import.meta.url))
const PROBE = new URL('../probe/probe.ts', import.meta.url)

/** Limits that no benchmark reaches, so that none of them is what is measured. */
const WIDE_LIMITS = {
  MAX_CONCURRENT_JOBS: '100000',
  MAX_CONCURRENT_JOBS_PER_PROVIDER: '100000',
  MAX_QUEUED_JOBS: '1000000',
  FIRST_TOKEN_TIMEOUT_MS: '3600000',
  TOKEN_IDLE_TIMEOUT_MS: '3600000',
  JOB_TIMEOUT_MS: '3600000',
}

/** The server as its users start it, in a folder of its own, with a probe loaded beside it. */
export interface ApiServer extends AsyncDisposable {
  readonly process: TaskProcess
  readonly url: string
  /** From the start of the process until it listens. */
  readonly startUpMs: number
}

export interface ApiServerOptions {
  readonly vendorUrl: string
  /** The folder of another checkout whose server is to run. Default: this one. */
  readonly checkout?: string | undefined
  /** Puts into the server's folder what it shall find there, such as a `jobs.json`. */
  readonly fill?: (folder: string) => Promise<void>
  /** Settings besides, or in place of, those that every benchmark has. */
  readonly env?: Readonly<Record<string, string>>
  /** Default: `measured`. */
  readonly role?: Role
}

export async function startApiServer({
  vendorUrl,
  checkout = THIS_REPOSITORY,
  fill,
  env = {},
  role = 'measured',
}: ApiServerOptions): Promise<ApiServer> {
  const folder = await mkdtemp(join(tmpdir(), 'promptlab-bench-'))
  await fill?.(folder)
  const startedAt = performance.now()
  const server = new TaskProcess({
    role,
    script: pathToFileURL(resolve(checkout, 'apps/api/src/main.ts')),
    preload: [import.meta.resolve('tsx'), PROBE.href],
    folder,
    env: {
      PORT: '0',
      LOG_LEVEL: 'warn',
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
    return { process: server, url, startUpMs: performance.now() - startedAt, [Symbol.asyncDispose]: close }
  } catch (error) {
    await close()
    throw error
  }
}
