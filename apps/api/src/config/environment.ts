import { z } from 'zod'
import { storeLocation } from '../storage/store-location.ts'
import {
  addresses,
  apiKeys,
  hosts,
  hours,
  jsonFile,
  key,
  list,
  MAX_DELAY_MS,
  oneOf,
  origins,
  redisUrl,
  secret,
  share,
  webUrl,
  wholeNumber,
} from './setting-forms.ts'

/** The environment of the process, or the one that a test puts in its place. */
export type EnvironmentVariables = Readonly<Record<string, string | undefined>>

/**
 * Every environment variable but those of the vendors, with its form and its default. An empty variable counts as not
 * set. docs/settings.md describes each one.
 */
export const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(3000),
  DATABASE_URL: storeLocation.default({ kind: 'json-file', path: 'jobs.json' }),
  REDIS_URL: redisUrl.optional(),
  ROLE: oneOf(['all', 'api', 'worker']).default('all'),
  RUNNER_LEASE_MS: wholeNumber(1_000, 3_600_000).default(15_000),
  MAX_CONCURRENT_JOBS: wholeNumber(1, 100_000).default(64),
  MAX_CONCURRENT_JOBS_PER_PROVIDER: wholeNumber(1, 100_000).optional(),
  MAX_JOBS_PER_KEY: wholeNumber(1, 100_000).optional(),
  MAX_QUEUED_JOBS: wholeNumber(1, 10_000_000).default(10_000),
  MAX_QUEUED_BYTES: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(1_073_741_824),
  MAX_QUEUED_BYTES_PER_KEY: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  MAX_PROMPT_CHARS: wholeNumber(1, 10_000_000).default(100_000),
  MAX_BODY_MB: wholeNumber(1, 1_024).default(20),
  MAX_STORED_BYTES_PER_KEY: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(10_737_418_240),
  MAX_ANSWER_CHARS: wholeNumber(1, 100_000_000).default(4_000_000),
  FIRST_TOKEN_TIMEOUT_MS: wholeNumber(1, MAX_DELAY_MS).default(60_000),
  TOKEN_IDLE_TIMEOUT_MS: wholeNumber(1, MAX_DELAY_MS).default(30_000),
  CONTENT_TIMEOUT_MS: wholeNumber(1, MAX_DELAY_MS).default(600_000),
  JOB_TIMEOUT_MS: wholeNumber(1, MAX_DELAY_MS).default(3_600_000),
  JOB_RETENTION_HOURS: hours.optional(),
  MAX_JOB_RETENTION_HOURS: hours.optional(),
  SHUTDOWN_GRACE_MS: wholeNumber(0, MAX_DELAY_MS).default(10_000),
  API_KEYS: apiKeys.optional(),
  METRICS_KEY: key('metrics').optional(),
  AUTH: oneOf(['on', 'off']).optional(),
  STREAM_LINK_SECRET: secret(32).optional(),
  STREAM_LINK_SECONDS: wholeNumber(1, 31_536_000).default(3_600),
  RATE_LIMIT_PER_MINUTE: wholeNumber(0, 10_000_000).optional(),
  MAX_STREAMS_PER_KEY: wholeNumber(1, 1_000_000).default(10_000),
  MAX_STREAMS_PER_JOB: wholeNumber(1, 1_000_000).default(10_000),
  TRUSTED_PROXIES: addresses.default([]),
  ALLOWED_HOSTS: hosts.default([]),
  // vendor-settings.ts reads the file.
  PROVIDERS_FILE: z.string().optional(),
  MODEL_REFRESH_MINUTES: wholeNumber(0, 1_440).default(10),
  PRICES_FILE: jsonFile.optional(),
  HTTPS_PROXY: webUrl('http://proxy.example.com:3128').optional(),
  NO_PROXY: list.optional(),
  CORS_ORIGINS: origins.default([]),
  LOG_LEVEL: oneOf(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: webUrl('http://localhost:4318').optional(),
  OTEL_TRACES_SAMPLER: oneOf([
    'always_on',
    'always_off',
    'traceidratio',
    'parentbased_always_on',
    'parentbased_always_off',
    'parentbased_traceidratio',
  ]).default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: share.default(1),
})
