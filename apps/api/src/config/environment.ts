import { isIP, isIPv6 } from 'node:net'
import { GEMINI_MODELS } from '@promptlab/providers/gemini'
import { OPENAI_MODELS } from '@promptlab/providers/openai'
import { z } from 'zod'
import { type ApiKey, digestOf } from '../http/access/api-keys.ts'
import { storeLocation } from '../storage/store-location.ts'

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

const isAddress = (value: string) => {
  const [address = '', bits, ...rest] = value.split('/')
  const isBits = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (isIPv6(address) ? 128 : 32))
  return isIP(address) !== 0 && isBits && rest.length === 0
}

const addresses = list.superRefine((items, context) => {
  for (const item of items) {
    if (!isAddress(item)) context.addIssue(`"${item}" is neither an address nor a range such as 10.0.0.0/8`)
  }
})

const hosts = list.transform((items, context) => {
  for (const item of items) {
    if (!/^(?:[\w.-]+|\[[\da-f:]+\])(?::\d{1,5})?$/i.test(item)) {
      context.addIssue(`"${item}" is not the name of a host, such as jobs.example.com or jobs.example.com:8080`)
    }
  }
  return items.map((item) => item.toLowerCase())
})

const isOrigin = (value: string) => value === '*' || (URL.canParse(value) && new URL(value).origin === value)

const origins = list.superRefine((items, context) => {
  for (const item of items) {
    if (!isOrigin(item)) context.addIssue(`"${item}" is neither "*" nor an origin such as https://app.example.com`)
  }
})

/** A key as it is, or `sha256:` and its digest in hexadecimal digits, so that the key itself is nowhere. */
function keyDigest(text: string): Buffer | undefined {
  const [, hex, key] = /^(?:sha256:([\da-f]{64})|(?!sha256:)([\x21-\x7e]{16,200}))$/i.exec(text) ?? []
  if (hex !== undefined) return Buffer.from(hex, 'hex')
  return key === undefined ? undefined : digestOf(key)
}

// The faults of keys repeat nothing, as it may be a key.
const KEY_FORM = 'the key being 16 to 200 visible characters, or sha256:HEX'

/** `name:key`, comma-separated. */
const apiKeys = list.transform((items, context): ApiKey[] =>
  items.map((item, index) => {
    const [, name, key = ''] = /^([\w.-]{1,64}):(.*)$/s.exec(item) ?? []
    const digest = keyDigest(key)
    if (name !== undefined && digest) return { name, digest }
    context.addIssue(`Entry ${index + 1} is not NAME:KEY, ${KEY_FORM}. Make one with pnpm new-key NAME`)
    return z.NEVER
  }),
)

const metricsKey = z.string().transform((text, context): ApiKey => {
  const digest = keyDigest(text.trim())
  if (digest) return { name: 'metrics', digest }
  context.addIssue(`Must be a key, ${KEY_FORM}`)
  return z.NEVER
})

const share = z
  .string()
  .regex(/^\d*\.?\d+$/, 'Must be a number from 0 to 1')
  .transform(Number)
  .pipe(z.number().max(1))

/** Every environment variable, its form and its default. An empty variable counts as not set. */
export const Environment = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65_535).default(3000),
  DATABASE_URL: storeLocation.default({ kind: 'json-file', path: 'jobs.json' }),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'Must be a redis:// or rediss:// URL' }).optional(),
  ROLE: z.enum(['all', 'api', 'worker']).default('all'),
  RUNNER_LEASE_MS: wholeNumber(1_000, 3_600_000).default(15_000),
  MAX_CONCURRENT_JOBS: wholeNumber(1, 100_000).default(64),
  MAX_CONCURRENT_JOBS_PER_PROVIDER: wholeNumber(1, 100_000).optional(),
  MAX_JOBS_PER_KEY: wholeNumber(1, 100_000).optional(),
  MAX_QUEUED_JOBS: wholeNumber(1, 10_000_000).default(10_000),
  MAX_QUEUED_BYTES: wholeNumber(1, Number.MAX_SAFE_INTEGER).default(1_073_741_824),
  MAX_QUEUED_BYTES_PER_KEY: wholeNumber(1, Number.MAX_SAFE_INTEGER).optional(),
  MAX_PROMPT_CHARS: wholeNumber(1, 10_000_000).default(100_000),
  MAX_ANSWER_CHARS: wholeNumber(1, 100_000_000).default(4_000_000),
  FIRST_TOKEN_TIMEOUT_MS: wholeNumber(1, MAX_DELAY_MS).default(60_000),
  TOKEN_IDLE_TIMEOUT_MS: wholeNumber(1, MAX_DELAY_MS).default(30_000),
  JOB_TIMEOUT_MS: wholeNumber(1, MAX_DELAY_MS).default(600_000),
  JOB_RETENTION_HOURS: hours.optional(),
  SHUTDOWN_GRACE_MS: wholeNumber(0, MAX_DELAY_MS).default(10_000),
  API_KEYS: apiKeys.optional(),
  METRICS_KEY: metricsKey.optional(),
  AUTH: z.enum(['on', 'off']).optional(),
  STREAM_LINK_SECRET: z.string().min(32, 'Must be 32 characters or more').optional(),
  STREAM_LINK_SECONDS: wholeNumber(1, 31_536_000).default(3_600),
  RATE_LIMIT_PER_MINUTE: wholeNumber(0, 10_000_000).optional(),
  MAX_STREAMS_PER_KEY: wholeNumber(1, 1_000_000).default(10_000),
  MAX_STREAMS_PER_JOB: wholeNumber(1, 1_000_000).default(10_000),
  TRUSTED_PROXIES: addresses.default([]),
  ALLOWED_HOSTS: hosts.default([]),
  CORS_ORIGINS: origins.default([]),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z
    .url({ protocol: /^https?$/, error: 'Must be the http:// or https:// URL of a collector' })
    .optional(),
  OTEL_TRACES_SAMPLER: z
    .enum([
      'always_on',
      'always_off',
      'traceidratio',
      'parentbased_always_on',
      'parentbased_always_off',
      'parentbased_traceidratio',
    ])
    .default('parentbased_always_on'),
  OTEL_TRACES_SAMPLER_ARG: share.default(1),
  ECHO_DELAY_MS: wholeNumber(0, MAX_DELAY_MS).default(20),
  OPENAI_API_KEY: z.string().optional(),
  OPENAI_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  OPENAI_MODELS: list.default([...OPENAI_MODELS]),
  GEMINI_API_KEY: z.string().optional(),
  GEMINI_BASE_URL: z.url({ protocol: /^https?$/ }).optional(),
  GEMINI_MODELS: list.default([...GEMINI_MODELS]),
})
