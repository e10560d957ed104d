import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { VendorSettings } from '@promptlab/providers'
import { describe, expect, it } from 'vitest'
import { describeStore } from '../storage/store-location.ts'
import { type Config, ConfigError, readConfig } from './config.ts'

/** The settings of the vendor with this name. */
function vendorIn({ vendors }: Config, name: string): VendorSettings | undefined {
  return vendors.find(({ settings }) => settings.name === name)?.settings
}

describe('readConfig', () => {
  it('has a default for each setting', () => {
    expect(readConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 3000,
      store: { kind: 'json-file', path: 'jobs.json' },
      maxConcurrentJobs: 64,
      maxQueuedJobs: 10_000,
      maxPromptChars: 100_000,
      corsOrigins: [],
    })
    expect(vendorIn(readConfig({}), 'echo')?.delayMs).toBe(20)
    expect(vendorIn(readConfig({}), 'openai')).toMatchObject({
      baseUrl: 'https://api.openai.com/v1',
      models: expect.arrayContaining(['gpt-4', 'gpt-3.5-turbo', 'gpt-4-turbo-preview']),
    })
    expect(vendorIn(readConfig({}), 'gemini')?.models).toContain('gemini-pro')
  })

  it('treats an empty variable as not set', () => {
    const config = readConfig({ PORT: '', OPENAI_API_KEY: ' ', OPENAI_MODELS: '' })
    expect(config.port).toBe(3000)
    expect(vendorIn(config, 'openai')?.apiKey()).toBeUndefined()
    expect(vendorIn(config, 'openai')?.models).toEqual(vendorIn(readConfig({}), 'openai')?.models)
  })

  it('takes the background mode of OpenAI only with the API that has it', () => {
    const background = (variables: Record<string, string>) =>
      vendorIn(readConfig({ OPENAI_BACKGROUND: 'on', ...variables }), 'openai')?.background
    expect(vendorIn(readConfig({}), 'openai')?.background).toBe(false)
    expect(background({})).toBe(true)
    expect(background({ OPENAI_BASE_URL: 'http://localhost:9/v1', OPENAI_API: 'responses' })).toBe(true)
    const fault = /OPENAI_BACKGROUND: Needs the Responses API: set OPENAI_API=responses/
    expect(() => background({ OPENAI_API: 'chat' })).toThrow(fault)
    expect(() => background({ OPENAI_BASE_URL: 'http://localhost:9/v1' })).toThrow(fault)
  })

  it('names every wrong variable at once', () => {
    const read = () =>
      readConfig({
        PORT: '80a',
        MAX_PROMPT_CHARS: '0',
        LOG_LEVEL: 'loud',
        OPENAI_BASE_URL: 'localhost',
        ROLE: 'worker',
      })
    expect(read).toThrow(ConfigError)
    for (const name of ['PORT', 'MAX_PROMPT_CHARS', 'LOG_LEVEL', 'OPENAI_BASE_URL', 'ROLE'])
      expect(read).toThrow(`${name}: `)
  })

  it.each([
    ['jobs.json', 'jobs.json'],
    ['/var/lib/jobs.json', '/var/lib/jobs.json'],
    ['file:data/jobs.json', 'data/jobs.json'],
    ['file:///var/lib/jobs.json', '/var/lib/jobs.json'],
    ['file://localhost/var/my%20jobs.json', '/var/my jobs.json'],
    ['FILE:jobs.json', 'jobs.json'],
    [' jobs.json ', 'jobs.json'],
    ['~/jobs.json', join(homedir(), 'jobs.json')],
    ['file:~/jobs.json', join(homedir(), 'jobs.json')],
  ])('reads DATABASE_URL %s as the file %s', (url, path) => {
    expect(readConfig({ DATABASE_URL: url }).store).toEqual({ kind: 'json-file', path })
  })

  it.each([
    ['sqlite:jobs.db', 'jobs.db'],
    ['sqlite:data/jobs', 'data/jobs'],
    ['SQLite:/var/lib/jobs.db', '/var/lib/jobs.db'],
    ['sqlite:///var/my%20jobs.db', '/var/my jobs.db'],
  ])('reads DATABASE_URL %s as the SQLite file %s', (url, path) => {
    expect(readConfig({ DATABASE_URL: url }).store).toEqual({ kind: 'sqlite', path })
  })

  it.each(['postgres://localhost/jobs', 'postgresql://me:secret@db.example:5433/jobs?sslmode=require'])(
    'reads DATABASE_URL %s as a PostgreSQL database',
    (url) => {
      expect(readConfig({ DATABASE_URL: url }).store).toEqual({ kind: 'postgres', url })
    },
  )

  it.each([
    'file://elsewhere/jobs.json',
    'file:',
    'data/',
    'sqlite:',
    'sqlite::memory:',
    'sqlite://jobs.db',
    'mysql://localhost/jobs',
    'postgres:jobs',
    'postgres://me:secret@localhost',
    'postgres://me:secret@local host/jobs',
  ])('refuses DATABASE_URL %s, and does not repeat it', (url) => {
    const read = () => readConfig({ DATABASE_URL: url })
    expect(read).toThrow(/DATABASE_URL: Must/)
    expect(read).not.toThrow(/secret/)
  })

  it('describes a store without its password', () => {
    const { store } = readConfig({ DATABASE_URL: 'postgres://me:secret@db.example:5433/jobs?password=secret' })
    expect(describeStore(store)).toBe('postgres://db.example:5433/jobs')
  })

  it.each([
    [{ REDIS_URL: 'redis://localhost' }, /REDIS_URL: .*set DATABASE_URL to a postgres/],
    [{ REDIS_URL: 'redis://localhost', DATABASE_URL: 'sqlite:jobs.db' }, /REDIS_URL: .*set DATABASE_URL/],
    [{ REDIS_URL: 'http://localhost', DATABASE_URL: 'postgres://localhost/jobs' }, /REDIS_URL: Must begin with redis:/],
    [{ ROLE: 'worker' }, /ROLE: .*set REDIS_URL/],
    [{ ROLE: 'api', DATABASE_URL: 'postgres://localhost/jobs' }, /ROLE: .*set REDIS_URL/],
    [{ ROLE: 'boss' }, /ROLE: /],
    [{ RUNNER_LEASE_MS: '10' }, /RUNNER_LEASE_MS: /],
    [{ MAX_JOB_RETENTION_HOURS: '10' }, /MAX_JOB_RETENTION_HOURS: .*set that too/],
    [{ JOB_RETENTION_HOURS: '24', MAX_JOB_RETENTION_HOURS: '9.5' }, /MAX_JOB_RETENTION_HOURS: .*which is 24, not 9.5/],
  ])('refuses %o', (variables, fault) => {
    expect(() => readConfig(variables)).toThrow(fault)
  })

  it('keeps the jobs of a conversation that goes on ten times as long, or as long as it is told', () => {
    const HOUR_MS = 3_600_000
    expect(readConfig({}).retention).toBeUndefined()
    expect(readConfig({ JOB_RETENTION_HOURS: '0.5' }).retention).toEqual({ jobMs: HOUR_MS / 2, maxMs: 5 * HOUR_MS })
    const both = { JOB_RETENTION_HOURS: '24', MAX_JOB_RETENTION_HOURS: '48' }
    expect(readConfig(both).retention).toEqual({ jobMs: 24 * HOUR_MS, maxMs: 48 * HOUR_MS })
  })

  it('accepts REDIS_URL and a role with PostgreSQL', () => {
    const variables = { DATABASE_URL: 'postgres://localhost/jobs', REDIS_URL: 'rediss://:secret@localhost:6380/2' }
    expect(readConfig({ ...variables, ROLE: 'worker', RUNNER_LEASE_MS: '3000' })).toMatchObject({
      redisUrl: variables.REDIS_URL,
      role: 'worker',
      runnerLeaseMs: 3_000,
      reconcileMs: 1_000,
    })
    expect(readConfig({}).reconcileMs).toBeUndefined()
  })

  it('refuses an address for other machines without keys, and says what to set', () => {
    for (const HOST of ['0.0.0.0', '::', '192.168.1.2', 'example.com', '127.0.0.1.example.com']) {
      expect(() => readConfig({ HOST })).toThrow(/HOST: .*API_KEYS.*AUTH/)
      expect(readConfig({ HOST, AUTH: 'off' }).apiKeys).toBeUndefined()
      expect(readConfig({ HOST, API_KEYS: 'ann:0123456789abcdef' }).apiKeys).toHaveLength(1)
    }
    for (const HOST of ['127.0.0.1', '127.1.2.3', '::1', 'localhost', ' LOCALHOST ']) {
      expect(readConfig({ HOST }).apiKeys).toBeUndefined()
    }
  })

  it('reads keys and their digests, and ignores them with AUTH=off', () => {
    const key = '0123456789:abcdef'
    const hex = createHash('sha256').update(key).digest('hex')
    const API_KEYS = `ann:${key}, bob.1:sha256:${hex.toUpperCase()}`
    const digest = Buffer.from(hex, 'hex')
    expect(readConfig({ API_KEYS }).apiKeys).toEqual([
      { name: 'ann', digest },
      { name: 'bob.1', digest },
    ])
    expect(readConfig({ API_KEYS, AUTH: 'off' }).apiKeys).toBeUndefined()
    expect(() => readConfig({ AUTH: 'on' })).toThrow(/API_KEYS: Must be set/)
  })

  it.each([
    'ann',
    'ann:short',
    ':0123456789abcdef',
    'an n:0123456789abcdef',
    'ann:sha256:0123456789abcdef',
    'ann:secret 0123456789',
  ])('refuses the key %s, and does not repeat it', (entry) => {
    const read = () => readConfig({ API_KEYS: `bob:0123456789abcdef,${entry}` })
    expect(read).toThrow(/API_KEYS: Entry 2 .*pnpm new-key/)
    expect(read).not.toThrow(/0123456789|short/)
  })

  it('requires STREAM_LINK_SECRET if several processes with keys share stream links', () => {
    const variables = {
      DATABASE_URL: 'postgres://localhost/jobs',
      REDIS_URL: 'redis://localhost',
      API_KEYS: 'ann:0123456789abcdef',
    }
    expect(() => readConfig(variables)).toThrow(/STREAM_LINK_SECRET: Must be set/)
    expect(() => readConfig({ ...variables, STREAM_LINK_SECRET: 'short' })).toThrow(/STREAM_LINK_SECRET: Must be 32/)
    const STREAM_LINK_SECRET = 's'.repeat(32)
    expect(readConfig({ ...variables, STREAM_LINK_SECRET }).streamLinks.secret).toBe(STREAM_LINK_SECRET)
    expect(readConfig({ ...variables, AUTH: 'off' }).streamLinks.lifeMs).toBe(3_600_000)
  })

  it('reads the collector and the sampler of traces', () => {
    const OTEL_EXPORTER_OTLP_ENDPOINT = 'http://localhost:4318'
    const read = (variables: Record<string, string>) =>
      readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT, ...variables }).tracing
    expect(readConfig({ OTEL_TRACES_SAMPLER: 'always_on' }).tracing).toBeUndefined()
    expect(read({})).toEqual({ endpoint: 'http://localhost:4318', sampler: 'parentbased_always_on', ratio: 1 })
    const OTEL_TRACES_SAMPLER = 'traceidratio'
    expect(read({ OTEL_TRACES_SAMPLER, OTEL_TRACES_SAMPLER_ARG: '.25' })).toMatchObject({ ratio: 0.25 })
    for (const OTEL_TRACES_SAMPLER_ARG of ['1.5', '-1', 'half', '.']) {
      expect(() => read({ OTEL_TRACES_SAMPLER_ARG })).toThrow('OTEL_TRACES_SAMPLER_ARG: ')
    }
    for (const endpoint of ['localhost:4318', 'grpc://localhost:4317', 'collector']) {
      const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }
      expect(() => read(variables)).toThrow(/OTEL_EXPORTER_OTLP_ENDPOINT: Must begin with http:/)
    }
  })

  it('reads who is told of the ends of jobs', () => {
    const key = `whsec_${Buffer.alloc(24, 'a').toString('base64')}`
    const other = `whsec_${Buffer.alloc(64, 'b').toString('base64')}`
    const WEBHOOK_HOSTS = 'Hooks.example.com, *.example.com,127.0.0.1,[::1],::1'
    expect(readConfig({}).webhooks).toBeUndefined()
    const config = readConfig({ WEBHOOK_SECRET: `${key}, ${other}`, WEBHOOK_HOSTS, PUBLIC_URL: 'https://a.example/b/' })
    expect(config.publicUrl).toBe('https://a.example/b')
    expect(config.webhooks).toEqual({
      keys: [Buffer.alloc(24, 'a'), Buffer.alloc(64, 'b')],
      serverUrl: undefined,
      hosts: ['hooks.example.com', '*.example.com', '127.0.0.1', '[::1]', '::1'],
    })
  })

  it.each([{ WEBHOOK_URL: 'https://hooks.example.com/' }, { WEBHOOK_HOSTS: '*' }])(
    'refuses %o without a key, and says how to make one',
    (variables) => {
      expect(() => readConfig(variables)).toThrow(/: Needs a key .*pnpm new-key --webhook/)
    },
  )

  it.each(['secret', 'whsec_secret', `whsec_${'a'.repeat(28)}`, `whsec_${'a'.repeat(88)}`, `whsec_${'%'.repeat(44)}`])(
    'refuses the WEBHOOK_SECRET %s, and does not repeat it',
    (WEBHOOK_SECRET) => {
      expect(() => readConfig({ WEBHOOK_SECRET })).toThrow(/WEBHOOK_SECRET: Key 1 must be .*pnpm new-key --webhook/)
      expect(() => readConfig({ WEBHOOK_SECRET })).not.toThrow(/secret\b|aaa|%%/)
    },
  )

  it.each([
    'hooks.example.com:443',
    'https://hooks.example.com',
    'hooks.*.com',
    '*example.com',
    '127.1',
    '10.0.0.0/8',
    '**',
  ])('refuses %s in WEBHOOK_HOSTS', (WEBHOOK_HOSTS) => {
    expect(() => readConfig({ WEBHOOK_HOSTS })).toThrow(/WEBHOOK_HOSTS: Each item must be the name of a host/)
  })

  it('splits lists at commas', () => {
    const config = readConfig({
      OPENAI_MODELS: 'llama3, qwen3',
      CORS_ORIGINS: 'http://localhost:5173,https://a.example',
    })
    expect(vendorIn(config, 'openai')?.models).toEqual(['llama3', 'qwen3'])
    expect(config.corsOrigins).toEqual(['http://localhost:5173', 'https://a.example'])
  })

  it('reads which models jobs may name', () => {
    const readModels = (OPENAI_MODELS?: string) => {
      const { vendors } = readConfig(OPENAI_MODELS === undefined ? {} : { OPENAI_MODELS })
      const { settings, naming } = vendors.find(({ vendor }) => vendor.name === 'openai') ?? expect.fail()
      return { models: settings.models, naming }
    }
    expect(readModels()).toEqual({ models: expect.arrayContaining(['gpt-4']), naming: 'vendor' })
    expect(readModels('a, b')).toEqual({ models: ['a', 'b'], naming: 'listed' })
    expect(readModels('*')).toEqual({ models: [], naming: 'any' })
    expect(readModels('a,*')).toEqual({ models: ['a'], naming: 'any' })
    expect(readConfig({}).vendors.find(({ vendor }) => vendor.name === 'echo')?.naming).toBe('listed')
    expect(readConfig({ MODEL_REFRESH_MINUTES: '0' }).modelRefreshMs).toBeUndefined()
    expect(readConfig({}).modelRefreshMs).toBe(600_000)
  })

  it('looks up the key of a vendor at each use', () => {
    const variables: Record<string, string> = {}
    const settings = vendorIn(readConfig(variables), 'openai')
    expect(settings?.apiKey()).toBeUndefined()
    variables['OPENAI_API_KEY'] = 'sk-later'
    expect(settings?.apiKey()).toBe('sk-later')
  })
})
