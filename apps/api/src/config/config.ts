import type { z } from 'zod'
import type { ApiKey } from '../http/access/api-keys.ts'
import type { TrustedHostsOptions } from '../http/access/trusted-hosts.ts'
import type { RequestTiming } from '../http/plugins/request-timing.ts'
import type { StreamTiming } from '../http/streams/stream-response.ts'
import type { StreamLimits } from '../http/streams/stream-slots.ts'
import type { QueuedBytesLimits } from '../jobs/queued-bytes.ts'
import type { RunPolicy } from '../jobs/run/job-run.ts'
import type { StoreLocation } from '../storage/store-location.ts'
import { Environment } from './environment.ts'

/** Twenty requests a second: more than a person or a page needs, and less than what troubles a server. */
const RATE_LIMIT_WITH_KEYS = 1_200

/** One or more environment variables are wrong; the message names each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

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
  /** Undefined: half of all, if there is more than one caller. */
  readonly maxJobsPerKey: number | undefined
  readonly maxQueuedJobs: number
  readonly queuedBytes: QueuedBytesLimits
  readonly maxPromptChars: number
  readonly run: RunPolicy
  /** How long finished jobs are kept; undefined: for good. */
  readonly retentionMs: number | undefined
  readonly shutdownGraceMs: number
  readonly stream: StreamTiming
  readonly streamLimits: StreamLimits
  readonly requestTiming: RequestTiming
  /** Requests that a caller, or without keys an address, may send in a minute; undefined: any number. */
  readonly rateLimitPerMinute: number | undefined
  /** Whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[]
  /** The names by which a server without keys may be called. */
  readonly trustedHosts: TrustedHostsOptions
  /** Who may call; undefined: everybody, as only this machine can, or as the operator said. */
  readonly apiKeys: readonly ApiKey[] | undefined
  /** Who may read metrics where keys are used; undefined: nobody. */
  readonly metricsKey: ApiKey | undefined
  readonly streamLinks: {
    /** Undefined: one that is made at start. */
    readonly secret: string | undefined
    readonly lifeMs: number
  }
  readonly corsOrigins: readonly string[]
  readonly logLevel: z.infer<typeof Environment>['LOG_LEVEL']
  /** Where traces go; undefined: nobody collects them. */
  readonly tracing:
    | {
        readonly endpoint: string
        readonly sampler: z.infer<typeof Environment>['OTEL_TRACES_SAMPLER']
        /** The share of traces that are recorded where the sampler goes by one, 0 to 1. */
        readonly ratio: number
      }
    | undefined
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
    maxJobsPerKey: environment.MAX_JOBS_PER_KEY,
    maxQueuedJobs: environment.MAX_QUEUED_JOBS,
    queuedBytes: queuedBytesOf(environment),
    maxPromptChars: environment.MAX_PROMPT_CHARS,
    run: {
      firstTokenTimeoutMs: environment.FIRST_TOKEN_TIMEOUT_MS,
      tokenIdleTimeoutMs: environment.TOKEN_IDLE_TIMEOUT_MS,
      jobTimeoutMs: environment.JOB_TIMEOUT_MS,
      maxAnswerLength: environment.MAX_ANSWER_CHARS,
      retryDelayMs: 500,
    },
    retentionMs: environment.JOB_RETENTION_HOURS && environment.JOB_RETENTION_HOURS * 3_600_000,
    shutdownGraceMs: environment.SHUTDOWN_GRACE_MS,
    stream: { heartbeatMs: 15_000, stallMs: 30_000 },
    streamLimits: { perCaller: environment.MAX_STREAMS_PER_KEY, perJob: environment.MAX_STREAMS_PER_JOB },
    requestTiming: { headersMs: 10_000, requestMs: 60_000, checkMs: 1_000 },
    rateLimitPerMinute: rateLimitOf(environment),
    trustedHosts: { listenHost: environment.HOST, allowedHosts: environment.ALLOWED_HOSTS },
    trustedProxies: environment.TRUSTED_PROXIES,
    apiKeys: environment.AUTH === 'off' ? undefined : environment.API_KEYS,
    metricsKey: environment.METRICS_KEY,
    streamLinks: { secret: environment.STREAM_LINK_SECRET, lifeMs: environment.STREAM_LINK_SECONDS * 1000 },
    corsOrigins: environment.CORS_ORIGINS,
    logLevel: environment.LOG_LEVEL,
    tracing: tracingOf(environment),
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

function tracingOf(environment: z.infer<typeof Environment>): Config['tracing'] {
  const endpoint = environment.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === undefined) return undefined
  return { endpoint, sampler: environment.OTEL_TRACES_SAMPLER, ratio: environment.OTEL_TRACES_SAMPLER_ARG }
}

/** One caller may hold half of the bytes, unless nobody else is there. */
function queuedBytesOf({
  MAX_QUEUED_BYTES: total,
  MAX_QUEUED_BYTES_PER_KEY,
  API_KEYS = [],
}: z.infer<typeof Environment>) {
  const callers = new Set(API_KEYS.map(({ name }) => name))
  return { total, perOwner: MAX_QUEUED_BYTES_PER_KEY ?? (callers.size > 1 ? Math.ceil(total / 2) : total) }
}

/** Who hands out keys wants them limited; who is alone on the machine does not. */
function rateLimitOf({ RATE_LIMIT_PER_MINUTE, API_KEYS, AUTH }: z.infer<typeof Environment>): number | undefined {
  const isGuarded = API_KEYS !== undefined && AUTH !== 'off'
  return (RATE_LIMIT_PER_MINUTE ?? (isGuarded ? RATE_LIMIT_WITH_KEYS : 0)) || undefined
}

/** What is wrong with variables that are right on their own. */
function contradictions(variables: EnvironmentVariables): string[] {
  const { DATABASE_URL = '', REDIS_URL, ROLE } = variables
  const faults = accessFaults(variables)
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

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i

function accessFaults({ HOST, API_KEYS, AUTH, REDIS_URL, STREAM_LINK_SECRET }: EnvironmentVariables): string[] {
  const faults: string[] = []
  if (AUTH === 'off') return faults
  if (API_KEYS === undefined && AUTH === 'on') faults.push('API_KEYS: Must be set, as AUTH is "on"')
  else if (API_KEYS === undefined && HOST !== undefined && !LOOPBACK.test(HOST.trim())) {
    faults.push(
      'HOST: Lets other machines in, and there are no API keys: set API_KEYS (pnpm new-key NAME makes one), or AUTH to "off" if everybody who reaches this server may use it',
    )
  }
  if (API_KEYS !== undefined && REDIS_URL !== undefined && STREAM_LINK_SECRET === undefined) {
    faults.push(
      'STREAM_LINK_SECRET: Must be set, to the same text for all processes, so that each knows the stream links of the others',
    )
  }
  return faults
}

function withoutEmpty(variables: EnvironmentVariables): EnvironmentVariables {
  const trimmed = Object.entries(variables).map(([name, value]) => [name, value?.trim()] as const)
  return Object.fromEntries(trimmed.filter(([, value]) => value !== undefined && value !== ''))
}
