import { GEMINI_MODELS } from '@promptlab/providers/gemini'
import { OPENAI_MODELS } from '@promptlab/providers/openai'
import { z } from 'zod'
import type { RunPolicy } from './jobs/job-run.ts'
import { type StoreLocation, storeLocation } from './store-location.ts'
import type { StreamTiming } from './streams/stream-response.ts'

/** One or more environment variables are wrong; the message names each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

const wholeNumber = (min: number, max: number) =>
  z.string().regex(/^\d+$/, 'Must be a whole number').transform(Number).pipe(z.int().min(min).max(max))

/** setTimeout takes no more than this many milliseconds. */
const MAX_DELAY_MS = 2_147_483_647

const hours = z
  .string()
  .regex(/^\d+(\.\d+)?$/, 'Must be a number of hours')
  .transform(Number)
  .pipe(z.number().positive().max(1_000_000))

const list = z
  .string()
  .transform((value) => value.split(',').map((item) => item.trim()))
  .pipe(z.array(z.string().min(1, 'Must be a comma-separated list without empty items')))

const isOrigin = (value: string) => value === '*' || (URL.canParse(value) && new URL(value).origin === value)

const origins = list.superRefine((items, context) => {
  for (const item of items) {
    if (!isOrigin(item)) context.addIssue(`"${item}" is neither "*" nor an origin such as https://app.example.com`)
  }
})

/** Every environment variable, its form and its default. An empty variable counts as not set. */
export const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(3000),
  DATABASE_URL: storeLocation.default({ kind: 'lowdb', path: 'jobs.json' }),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'Must be a redis:// or rediss:// URL' }).optional(),
  ROLE: z.enum(['all', 'api', 'worker']).default('all'),
  RUNNER_LEASE_MS: wholeNumber(1_000, 3_600_000).default(15_000),
  MAX_CONCURRENT_JOBS: wholeNumber(1, 100_000).default(64),
  MAX_CONCURRENT_JOBS_PER_PROVIDER: wholeNumber(1, 100_000).optional(),
  MAX_QUEUED_JOBS: wholeNumber(1, 10_000_000).default(10_000),
  MAX_PROMPT_CHARS: wholeNumber(1, 10_000_000).default(100_000),
  FIRST_TOKEN_TIMEOUT_MS: wholeNumber(1, MAX_DELAY_MS).default(60_000),
  TOKEN_IDLE_TIMEOUT_MS: wholeNumber(1, MAX_DELAY_MS).default(30_000),
  JOB_TIMEOUT_MS: wholeNumber(1, MAX_DELAY_MS).default(600_000),
  JOB_RETENTION_HOURS: hours.optional(),
  SHUTDOWN_GRACE_MS: wholeNumber(0, MAX_DELAY_MS).default(10_000),
  CORS_ORIGINS: origins.default([]),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  ECHO_DELAY_MS: wholeNumber(0, MAX_DELAY_MS).default(20),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  OPENAI_MODELS: list.default([...OPENAI_MODELS]),
  GEMINI_API_KEY: z.string().optional(),
  GEMINI_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  GEMINI_MODELS: list.default([...GEMINI_MODELS]),
})

interface VendorConfig {
  /** Looked up when it is used, so that a key can be set, changed or taken away while the process runs. */
  readonly apiKey: () => string | undefined
  readonly baseUrl: string | undefined
  readonly models: readonly string[]
}

/** What the server is told from outside. Durations are milliseconds, lengths are Unicode code points. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly store: StoreLocation
  /** Where the queue and the live tokens of several processes are; undefined: there is this one process. */
  readonly redisUrl: string | undefined
  /** Whether the process takes requests, runs jobs, or both. */
  readonly role: z.infer<typeof Environment>['ROLE']
  /** How long a process may be silent before others take note that its jobs are nobody's. */
  readonly runnerLeaseMs: number
  /** How often to look for what other processes left; undefined: there are none. */
  readonly reconcileMs: number | undefined
  readonly maxConcurrentJobs: number
  /** Undefined: as many as leave a worker for each other provider, however many of them are stuck. */
  readonly maxConcurrentJobsPerProvider: number | undefined
  readonly maxQueuedJobs: number
  readonly maxPromptChars: number
  readonly run: RunPolicy
  /** How long finished jobs are kept; undefined: for good. */
  readonly retentionMs: number | undefined
  readonly shutdownGraceMs: number
  readonly stream: StreamTiming
  readonly corsOrigins: readonly string[]
  readonly logLevel: z.infer<typeof Environment>['LOG_LEVEL']
  readonly echo: { readonly delayMs: number }
  readonly openai: VendorConfig
  readonly gemini: VendorConfig
}

export type EnvironmentVariables = Readonly<Record<string, string | undefined>>

/**
 * @param variables the environment of the process, or what a test puts in its place
 * @throws ConfigError
 */
export function readConfig(variables: EnvironmentVariables): Config {
  const parsed = Environment.safeParse(withoutEmpty(variables))
  const faults = parsed.error?.issues.map(({ path, message }) => `${path[0]?.toString()}: ${message}`) ?? []
  faults.push(...contradictions(withoutEmpty(variables)))
  if (!parsed.success || faults.length > 0) {
    throw new ConfigError(`The environment is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  }
  const environment = parsed.data
  const secret = (name: 'OPENAI_API_KEY' | 'GEMINI_API_KEY') => () => variables[name]?.trim() || undefined
  return {
    host: environment.HOST,
    port: environment.PORT,
    store: environment.DATABASE_URL,
    redisUrl: environment.REDIS_URL,
    role: environment.ROLE,
    runnerLeaseMs: environment.RUNNER_LEASE_MS,
    reconcileMs: environment.REDIS_URL === undefined ? undefined : Math.ceil(environment.RUNNER_LEASE_MS / 3),
    maxConcurrentJobs: environment.MAX_CONCURRENT_JOBS,
    maxConcurrentJobsPerProvider: environment.MAX_CONCURRENT_JOBS_PER_PROVIDER,
    maxQueuedJobs: environment.MAX_QUEUED_JOBS,
    maxPromptChars: environment.MAX_PROMPT_CHARS,
    run: {
      firstTokenTimeoutMs: environment.FIRST_TOKEN_TIMEOUT_MS,
      tokenIdleTimeoutMs: environment.TOKEN_IDLE_TIMEOUT_MS,
      jobTimeoutMs: environment.JOB_TIMEOUT_MS,
      retryDelayMs: 500,
    },
    retentionMs: environment.JOB_RETENTION_HOURS && environment.JOB_RETENTION_HOURS * 3_600_000,
    shutdownGraceMs: environment.SHUTDOWN_GRACE_MS,
    stream: { heartbeatMs: 15_000, stallMs: 30_000 },
    corsOrigins: environment.CORS_ORIGINS,
    logLevel: environment.LOG_LEVEL,
    echo: { delayMs: environment.ECHO_DELAY_MS },
    openai: {
      apiKey: secret('OPENAI_API_KEY'),
      baseUrl: environment.OPENAI_BASE_URL,
      models: environment.OPENAI_MODELS,
    },
    gemini: {
      apiKey: secret('GEMINI_API_KEY'),
      baseUrl: environment.GEMINI_BASE_URL,
      models: environment.GEMINI_MODELS,
    },
  }
}

/** What is wrong with variables that are right on their own. */
function contradictions({ DATABASE_URL = '', REDIS_URL, ROLE }: EnvironmentVariables): string[] {
  const faults: string[] = []
  if (REDIS_URL !== undefined && !/^\s*postgres(ql)?:/i.test(DATABASE_URL)) {
    faults.push(
      'REDIS_URL: Is for several processes, which share their jobs: set DATABASE_URL to a postgres:// URL too',
    )
  }
  if (REDIS_URL === undefined && (ROLE === 'api' || ROLE === 'worker')) {
    faults.push(`ROLE: A process that is only ${ROLE} needs others beside it: set REDIS_URL, or leave ROLE at "all"`)
  }
  return faults
}

function withoutEmpty(variables: EnvironmentVariables): EnvironmentVariables {
  return Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value.trim() !== ''))
}
