import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { runDockerfile, type Stage } from '../support/dockerfile.ts'
import { createJob, readStream } from '../support/job-client.ts'
import { RedisProcess } from '../support/redis-process.ts'
import { ServerProcess } from '../support/server-process.ts'
import { withPostgres } from '../support/test-postgres.ts'

const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }
const Words = z.array(z.string())

// The build installs from the npm registry twice.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 600_000 })

describe('the image', async () => {
  if (!process.env['CI']) {
    it('is built in CI', ({ skip }) => skip('the build of the image needs the npm registry; set CI=true to include it'))
    return
  }
  let folder: string
  let image: Stage

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'promptlab-image-'))
    image = await runDockerfile(join(ROOT, 'deploy/Dockerfile'), ROOT, folder)
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** The arguments of a `node` command of the image, with the paths of its files on this machine. */
  const nodeArguments = (json: string) => {
    const [program, ...args] = Words.parse(JSON.parse(json))
    expect(program).toBe('node')
    return args.map((word) => (word.startsWith('/') ? join(image.root, word) : word))
  }

  const start = async (env: Record<string, string>) => {
    const server = await ServerProcess.spawnNode(nodeArguments(image.says['CMD'] ?? ''), {
      ...image.env,
      PORT: '0',
      AUTH: 'off',
      ...env,
    })
    return Object.assign(server, { url: await server.listening() })
  }

  it('has the same Node.js as the tests, and does not run as root', async () => {
    const manifest = createRequire(join(ROOT, 'package.json')).resolve('node/package.json')
    const { version } = z.object({ version: z.string() }).parse(JSON.parse(await readFile(manifest, 'utf8')))
    expect(image.says['FROM']).toBe(`node:${version}-bookworm-slim`)
    expect(image.says['USER']).toBe('node')
  })

  it('has the production dependencies, and neither sources nor development dependencies', async () => {
    const Manifest = z.object({ dependencies: z.record(z.string(), z.string()) })
    const { dependencies } = Manifest.parse(JSON.parse(await readFile(join(ROOT, 'apps/api/package.json'), 'utf8')))
    const modules = join(image.root, 'app/apps/api/node_modules')
    const names = Object.keys(dependencies)
    const folders = names.map((name) => name.replace(/\/.*$/, ''))
    expect((await readdir(modules)).filter((name) => name !== '.bin').sort()).toEqual([...new Set(folders)].sort())
    for (const name of names) expect(existsSync(join(modules, name)), name).toBe(true)
    // Production packages need some development dependencies too, such as ajv, but none of these.
    const installed = await readdir(join(image.root, 'app/node_modules/.pnpm'))
    expect(installed.filter((name) => /^(esbuild|tsx|typescript|vitest|node)@/.test(name))).toEqual([])
    expect(await readdir(join(image.root, 'app'))).toEqual(['apps', 'node_modules'])
    expect((await readdir(join(image.root, 'app/apps/api'))).sort()).toEqual(['dist', 'node_modules', 'package.json'])
  })

  it.each(['', 'sqlite:jobs.db'])(
    'with DATABASE_URL="%s" runs a job, is healthy, and stops on SIGTERM',
    async (store) => {
      const server = await start({ DATABASE_URL: store })
      const { id } = await createJob(server.url, ECHO)
      expect((await readStream(server.url, id)).text).toBe('Once upon a time')
      expect(await (await fetch(server.url)).text()).toContain('<!doctype html>')
      const [, check = ''] = /CMD (\[.*)$/.exec(image.says['HEALTHCHECK'] ?? '') ?? []
      const isHealthy = async () => {
        const probe = await ServerProcess.spawnNode(nodeArguments(check), { PORT: new URL(server.url).port })
        return (await probe.exit()) === 0
      }
      expect(await isHealthy()).toBe(true)
      server.signal('SIGTERM')
      expect(await server.exit()).toBe(0)
      expect(await isHealthy()).toBe(false)
    },
  )

  await withPostgres((newDatabase) => {
    it('migrates PostgreSQL, and runs every role on PostgreSQL and Redis', async () => {
      const redis = await RedisProcess.start()
      const env = { DATABASE_URL: await newDatabase(), REDIS_URL: redis.url }
      const main = nodeArguments(image.says['CMD'] ?? '')
      const migrate = main.map((word) => word.replace('main.js', 'migrate.js'))
      const migration = await ServerProcess.spawnNode(migrate, env)
      expect(await migration.exit()).toBe(0)
      expect(migration.output).toContain('was brought up to date')
      const [api] = await Promise.all([start({ ...env, ROLE: 'api' }), start({ ...env, ROLE: 'worker' })])
      const { id } = await createJob(api.url, ECHO)
      expect((await readStream(api.url, id)).text).toBe('Once upon a time')
    })
  })
})
