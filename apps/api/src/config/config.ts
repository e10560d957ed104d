import type { z } from 'zod'
import type { ApiKey } from '../http/access/api-keys.ts'
import type { TrustedHostsOptions } from '../http/access/trusted-hosts.ts'
import type { RequestTiming } from '../http/plugins/request-timing.ts'
import type { StreamTiming } from '../http/streams/stream-response.ts'
import type { StreamLimits } from '../http/streams/stream-slots.ts'
import type { QueuedBytesLimits } from '../jobs/queued-bytes.ts'
import type { RunPolicy } from '../jobs/run/run-policy.ts'
import type { Retention } from '../jobs/upkeep/retention-sweeper.ts'
import type { StoreLocation } from '../storage/store-location.ts'
import type { ConfiguredVendor } from './configured-vendor.ts'
import { contradictions } from './contradictions.ts'
import { Environment, type EnvironmentVariables } from './environment.ts'
import { callerShare, countCallers } from './shares.ts'
import { readVendors } from './vendor-settings.ts'

/** Twenty requests a second: more than a person or a page needs, and less than a server can take. */
const RATE_LIMIT_WITH_KEYS = 1_200

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Environment variables or arguments are wrong. The message names each one and says what to do. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** How calls to vendors by https leave this network. */
export interface ProxySettings {
  readonly url: string
  /** Hosts that are called without the proxy. */
  readonly except: readonly string[] | undefined
}

interface WebhookSettings {
  /** The keys by which news is signed. */
  readonly keys: readonly Uint8Array[]
  /** Who gets the news of all jobs. Undefined: only those whom callers name. */
  readonly serverUrl: string | undefined
  /** The hosts of receivers that callers may name. */
  readonly hosts: readonly string[]
}

/** The settings of the server. Durations are milliseconds, lengths are Unicode code points. */
export interface Config {
  readonly host: string
  readonly port: number
  readonly store: StoreLocation
  /** The Redis that has the queue and the token log of several processes. Undefined: there is only this process. */
  readonly redisUrl: string | undefined
  /** Whether the process takes requests (`api`), runs jobs (`worker`), or both (`all`). */
  readonly role: z.infer<typeof Environment>['ROLE']
  /** How long a process may miss its heartbeat before others treat its running jobs as abandoned. */
  readonly runnerLeaseMs: number
  /** How often to check for jobs left by other processes. Undefined: there is only this process. */
  readonly reconcileMs: number | undefined
  readonly maxConcurrentJobs: number
  /** Undefined: `providerShare` of all slots. */
  readonly maxConcurrentJobsPerProvider: number | undefined
  /** Undefined: `callerShare` of all slots. */
  readonly maxJobsPerKey: number | undefined
  readonly maxQueuedJobs: number
  readonly queuedBytes: QueuedBytesLimits
  /** The longest text of an input, in Unicode code points. */
  readonly maxPromptChars: number
  /** The longest body of a request, in bytes. */
  readonly maxBodyBytes: number
  /** The most bytes of items that the jobs of one caller may refer to. */
  readonly maxStoredBytesPerKey: number
  readonly run: RunPolicy
  /** How long finished jobs are kept. Undefined: for ever. */
  readonly retention: Retention | undefined
  /** How long running jobs, and the streams of clients that cannot resume, may take to end when the server stops. */
  readonly drainMs: number
  /** How long a foreground job runs on when its client is gone, in milliseconds. Undefined: to its end. */
  readonly foregroundGraceMs: number | undefined
  readonly stream: StreamTiming
  readonly streamLimits: StreamLimits
  readonly requestTiming: RequestTiming
  /** Requests a minute of each caller, or of each address if there are no keys. Undefined: any number. */
  readonly rateLimitPerMinute: number | undefined
  /** Proxies whose `X-Forwarded-For` is trusted. */
  readonly trustedProxies: readonly string[]
  /** The names by which a server without keys may be called. */
  readonly trustedHosts: TrustedHostsOptions
  /** The path of the operator's prices. Undefined: list prices are used alone. */
  readonly pricesFile: string | undefined
  /** The path of the operator's fallbacks. Undefined: only callers name some. */
  readonly fallbacksFile: string | undefined
  /** The address at which callers reach the server, without a slash at its end. Undefined: nobody has told. */
  readonly publicUrl: string | undefined
  /** Who is told of the ends of jobs. Undefined: nobody. */
  readonly webhooks: WebhookSettings | undefined
  /** The path of the callers' budgets. Undefined: callers may spend any amount. */
  readonly budgetsFile: string | undefined
  /** The proxy for calls to vendors by https. Undefined: there is none. */
  readonly proxy: ProxySettings | undefined
  /** The keys of the callers. Undefined: no request needs a key. */
  readonly apiKeys: readonly ApiKey[] | undefined
  /** The key that may read metrics where keys are used. Undefined: no key may. */
  readonly metricsKey: ApiKey | undefined
  readonly streamLinks: {
    /** Undefined: the process makes one at its start. */
    readonly secret: string | undefined
    readonly lifeMs: number
  }
  readonly corsOrigins: readonly string[]
  readonly logLevel: z.infer<typeof Environment>['LOG_LEVEL']
  /** Undefined when tracing is off. */
  readonly tracing:
    | {
        /** The address of the collector. */
        readonly endpoint: string
        readonly sampler: z.infer<typeof Environment>['OTEL_TRACES_SAMPLER']
        /** The share of traces that a sampler by ratio records, 0 to 1. */
        readonly ratio: number
      }
    | undefined
  /** How often each vendor is asked for its models. Undefined: never. */
  readonly modelRefreshMs: number | undefined
  /** Every vendor of the table, in its order. */
  readonly vendors: readonly ConfiguredVendor[]
}

/**
 * Reads the configuration from the environment. An empty variable counts as not set.
 * @param variables kept, because the keys of vendors are looked up in it at each use
 * @throws ConfigError
 */
export function readConfig(variables: EnvironmentVariables): Config {
  const given = withoutEmpty(variables)
  const parsed = Environment.safeParse(given)
  const { vendors, faults: vendorFaults } = readVendors(variables)
  const faults = parsed.error?.issues.map(({ path, message }) => `${path[0]?.toString()}: ${message}`) ?? []
  faults.push(...vendorFaults, ...contradictions(given))
  if (!parsed.success || faults.length > 0) {
    throw new ConfigError(`The environment is not valid:\n${faults.map((fault) => `  ${fault}`).join('\n')}`)
  }
  const environment = parsed.data
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
    // JSON may write a character as twelve bytes, and the prompt and the system text may both have the greatest length.
    maxBodyBytes: Math.max(environment.MAX_BODY_MB * 1024 * 1024, 2 * 12 * environment.MAX_PROMPT_CHARS + 16_384),
    maxStoredBytesPerKey: environment.MAX_STORED_BYTES_PER_KEY,
    run: {
      firstTokenTimeoutMs: environment.FIRST_TOKEN_TIMEOUT_MS,
      tokenIdleTimeoutMs: environment.TOKEN_IDLE_TIMEOUT_MS,
      contentTimeoutMs: environment.CONTENT_TIMEOUT_MS,
      jobTimeoutMs: environment.JOB_TIMEOUT_MS,
      patienceMs: environment.JOB_PATIENCE_MS,
      maxAnswerLength: environment.MAX_ANSWER_CHARS,
      retryDelayMs: 500,
    },
    retention: retentionOf(environment),
    drainMs: environment.SHUTDOWN_GRACE_MS ?? environment.DRAIN_MS,
    foregroundGraceMs: environment.FOREGROUND_GRACE_MS === 'off' ? undefined : environment.FOREGROUND_GRACE_MS,
    stream: { keepAliveMs: 15_000, stallMs: 30_000 },
    streamLimits: { perCaller: environment.MAX_STREAMS_PER_KEY, perJob: environment.MAX_STREAMS_PER_JOB },
    requestTiming: { headersMs: 10_000, requestMs: 60_000, checkMs: 1_000 },
    rateLimitPerMinute: rateLimitOf(environment),
    trustedProxies: environment.TRUSTED_PROXIES,
    trustedHosts: { listenHost: environment.HOST, allowedHosts: environment.ALLOWED_HOSTS },
    pricesFile: environment.PRICES_FILE,
    fallbacksFile: environment.FALLBACKS_FILE,
    publicUrl: environment.PUBLIC_URL?.replace(/\/+$/, ''),
    webhooks: webhooksOf(environment),
    budgetsFile: environment.BUDGETS_FILE,
    proxy:
      environment.HTTPS_PROXY === undefined
        ? undefined
        : { url: environment.HTTPS_PROXY, except: environment.NO_PROXY },
    apiKeys: environment.AUTH === 'off' ? undefined : environment.API_KEYS,
    metricsKey: environment.METRICS_KEY,
    streamLinks: { secret: environment.STREAM_LINK_SECRET, lifeMs: environment.STREAM_LINK_SECONDS * 1000 },
    corsOrigins: environment.CORS_ORIGINS,
    logLevel: environment.LOG_LEVEL,
    tracing: tracingOf(environment),
    modelRefreshMs: environment.MODEL_REFRESH_MINUTES * MINUTE_MS || undefined,
    vendors,
  }
}

/** A conversation that goes on keeps its jobs ten times as long, unless the environment says otherwise. */
function retentionOf({
  JOB_RETENTION_HOURS,
  MAX_JOB_RETENTION_HOURS,
}: z.infer<typeof Environment>): Config['retention'] {
  if (JOB_RETENTION_HOURS === undefined) return undefined
  const maxHours = MAX_JOB_RETENTION_HOURS ?? 10 * JOB_RETENTION_HOURS
  return { jobMs: JOB_RETENTION_HOURS * HOUR_MS, maxMs: maxHours * HOUR_MS }
}

function webhooksOf({
  WEBHOOK_SECRET: keys,
  WEBHOOK_URL: serverUrl,
  WEBHOOK_HOSTS: hosts,
}: z.infer<typeof Environment>): WebhookSettings | undefined {
  return keys && { keys, serverUrl, hosts }
}

function tracingOf(environment: z.infer<typeof Environment>): Config['tracing'] {
  const endpoint = environment.OTEL_EXPORTER_OTLP_ENDPOINT
  if (endpoint === undefined) return undefined
  return { endpoint, sampler: environment.OTEL_TRACES_SAMPLER, ratio: environment.OTEL_TRACES_SAMPLER_ARG }
}

function queuedBytesOf(environment: z.infer<typeof Environment>): QueuedBytesLimits {
  const { MAX_QUEUED_BYTES: total, MAX_QUEUED_BYTES_PER_KEY, API_KEYS = [] } = environment
  return { total, perOwner: MAX_QUEUED_BYTES_PER_KEY ?? callerShare(total, countCallers(API_KEYS)) }
}

/** Requests are limited by default only if there are keys: without keys only this machine reaches the server. */
function rateLimitOf({ RATE_LIMIT_PER_MINUTE, API_KEYS, AUTH }: z.infer<typeof Environment>): number | undefined {
  const isGuarded = API_KEYS !== undefined && AUTH !== 'off'
  return (RATE_LIMIT_PER_MINUTE ?? (isGuarded ? RATE_LIMIT_WITH_KEYS : 0)) || undefined
}

function withoutEmpty(variables: EnvironmentVariables): EnvironmentVariables {
  const trimmed = Object.entries(variables).map(([name, value]) => [name, value?.trim()] as const)
  return Object.fromEntries(trimmed.filter(([, value]) => value !== undefined && value !== ''))
}
