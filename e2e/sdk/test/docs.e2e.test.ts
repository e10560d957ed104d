import { execFile } from 'node:child_process'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CuttableProxy, temporaryFolder } from '@promptlab/api/testing'
import { expect, it } from 'vitest'
import { DoorServer, KEY } from './door-server.ts'

const run = promisify(execFile)
const SDK = fileURLToPath(new URL('..', import.meta.url))
const PAGE = new URL('../../../docs/sdks.md', import.meta.url)
const README = new URL('../../../README.md', import.meta.url)
/** The address of the server in the documentation. */
const ADDRESS = 'http://127.0.0.1:3000'

/** A program of the documentation. */
interface Program {
  readonly code: string
  /** What it prints, as its comment says. */
  readonly output: string
}

const NOTHING: Program = { code: '', output: 'a program' }

const server = await DoorServer.startForFile()

/** The programs of a page in TypeScript that import a package with one of the names. */
async function programsOf(page: URL, imports: RegExp): Promise<Program[]> {
  const text = await readFile(page, 'utf8')
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```/gms)].map(([, code = '']) => code)
  return blocks
    .filter((code) => imports.test(code))
    .map((code) => ({ code, output: `${/ \/\/ prints: (.*)$/m.exec(code)?.[1]}\n` }))
}

/** A folder with programs, from which they find the SDKs. */
async function folderWith(programs: readonly string[]): Promise<string> {
  const folder = await temporaryFolder()
  await symlink(join(SDK, 'node_modules'), join(folder, 'node_modules'))
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
  for (const [index, code] of programs.entries()) await writeFile(join(folder, `${index}.ts`), code)
  return folder
}

/** Runs programs one after the other, in one process, so that each SDK is loaded once. */
async function printed(programs: readonly Program[], url: string): Promise<string> {
  const codes = programs.map(({ code }) => code.replaceAll(ADDRESS, url).replaceAll(/\bKEY\b/g, KEY))
  const folder = await folderWith(codes)
  const all = join(folder, 'all.ts')
  await writeFile(all, codes.map((_, index) => `await import('./${index}.ts')\n`).join(''))
  return (await run(process.execPath, ['--conditions=@promptlab/source', all], { timeout: 50_000 })).stdout
}

it('docs/sdks.md > every program compiles', async () => {
  const programs = await programsOf(PAGE, /^import /m)
  const folder = await folderWith(programs.map(({ code }) => code))
  const compilerOptions = { types: ['node'], typeRoots: [join(SDK, '../../node_modules/@types')] }
  const config = { extends: join(SDK, 'tsconfig.json'), compilerOptions, include: ['*.ts'] }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))
  await run('tsc', ['--noEmit', '--project', folder])
}, 60_000)

it('docs/sdks.md and README > every program of an SDK prints what it says', async () => {
  const programs = [...(await programsOf(PAGE, /^import /m)), ...(await programsOf(README, / from 'openai'/))]
  expect(programs.length).toBe(12)
  expect(await printed(programs, server.url)).toBe(programs.map(({ output }) => output).join(''))
}, 60_000)

it('docs/sdks.md > the loop goes on behind connections that break', async () => {
  const proxy = await CuttableProxy.start(server.url)
  const limits = [3_500, 900, 1_100]
  let connections = 0
  proxy.limit(() => limits[connections++] ?? Number.POSITIVE_INFINITY)
  const [loop = NOTHING] = await programsOf(PAGE, /starting_after: last/)
  const other = { ...loop, code: loop.code.replace('story-1', 'story-2') }
  expect(await printed([other], proxy.url.replace(/\/$/, ''))).toBe(loop.output)
  expect(connections).toBeGreaterThan(limits.length)
})

it('docs/sdks.md > a client of Chat Completions reads the rest of a broken stream natively', async () => {
  const proxy = await CuttableProxy.start(server.url)
  let connections = 0
  proxy.limit(() => (connections++ === 0 ? 1_300 : Number.POSITIVE_INFINITY))
  const [chat = NOTHING] = await programsOf(PAGE, /x-promptlab-job/)
  expect(await printed([chat], proxy.url.replace(/\/$/, ''))).toBe(chat.output)
  expect(connections).toBe(2)
})
