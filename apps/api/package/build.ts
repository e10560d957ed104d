/**
 * `pnpm pack:server`: writes the files of the package `@promptlab/server` to `dist` beside this file, and packs them as
 * `promptlab-server-VERSION.tgz` into the current folder, or into the folder that is given. Its files lie as in the repository.
 */
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { z } from 'zod'
import { bundle, readManifest } from '../bundle.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const OUTPUT = fileURLToPath(new URL('dist/', import.meta.url))
const PROGRAMS = 'apps/api/dist'
const PLAYGROUND = 'apps/web/dist'
/** The pages of the docs that the server's own texts name. */
const PAGES = ['settings.md', 'sdks.md', 'replay.md']

/**
 * The drivers of stores other than the JSON file, of Redis and of tracing, with what only they need. npm leaves out those that
 * the user's Node.js or machine cannot run, and all of them with --omit=optional.
 */
const OPTIONAL = /^(?:better-sqlite3|bullmq|ioredis|kysely|pg|@opentelemetry\/.*)$/

/** As `promptlab.ts` says it. */
const OLDEST_NODE = '20.19'

async function main(folder = process.cwd()): Promise<void> {
  await rm(OUTPUT, { recursive: true, force: true })
  const bundled = await writePrograms()
  await promisify(execFile)(process.execPath, [join(ROOT, 'apps/web/build.ts'), '--if-missing'])
  await cp(join(ROOT, PLAYGROUND), join(OUTPUT, PLAYGROUND), { recursive: true })
  await mkdir(join(OUTPUT, 'docs'))
  for (const page of PAGES) await cp(join(ROOT, 'docs', page), join(OUTPUT, 'docs', page))
  await cp(join(ROOT, 'LICENSE'), join(OUTPUT, 'LICENSE'))
  await cp(fileURLToPath(new URL('README.md', import.meta.url)), join(OUTPUT, 'README.md'))
  await writeFile(join(OUTPUT, 'THIRD-PARTY-LICENSES'), await licensesOf(bundled))
  await writeFile(join(OUTPUT, 'package.json'), `${JSON.stringify(await manifest(), undefined, 2)}\n`)
  const { stdout } = await promisify(execFile)('npm', ['pack', OUTPUT, '--pack-destination', folder, '--json'])
  const [{ filename, size, unpackedSize, entryCount }] = Packed.parse(JSON.parse(stdout))
  const kilobytes = (bytes: number) => `${Math.round(bytes / 1024)} KB`
  const path = join(folder, filename)
  process.stdout.write(`${path}: ${entryCount} files, ${kilobytes(size)}, unpacked ${kilobytes(unpackedSize)}\n`)
}

const Packed = z.tuple([
  z.object({ filename: z.string(), size: z.number(), unpackedSize: z.number(), entryCount: z.number() }),
])

/** @returns the folders of the packages that are a part of the programs */
async function writePrograms(): Promise<string[]> {
  const { outputFiles, metafile } = await bundle({
    entryPoints: [join(ROOT, 'apps/api/src/promptlab.ts')],
    outdir: join(OUTPUT, PROGRAMS),
    // In no folder of their own: the server looks for the playground relative to its file.
    chunkNames: '[name]-[hash]',
    target: `node${OLDEST_NODE}`,
    define: { PROMPTLAB_RUNNER: JSON.stringify('npx @promptlab/server') },
  })
  await mkdir(join(OUTPUT, PROGRAMS), { recursive: true })
  for (const { path, contents } of outputFiles) await writeFile(path, contents)
  const folders = Object.keys(metafile.inputs).flatMap(
    (input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [],
  )
  return [...new Set(folders)].map((folder) => join(ROOT, folder)).sort((a, b) => nameOf(a).localeCompare(nameOf(b)))
}

/** The name of a package, by its folder. */
function nameOf(folder: string): string {
  const scope = basename(dirname(folder))
  return scope.startsWith('@') ? `${scope}/${basename(folder)}` : basename(folder)
}

/** What the licenses of packages require whose code is a part of the programs. */
async function licensesOf(folders: readonly string[]): Promise<string> {
  const licenses = await Promise.all(folders.map(async (folder) => `${nameOf(folder)}\n\n${await licenseOf(folder)}\n`))
  return `The programs have code of these packages:\n\n${licenses.join(`\n${'-'.repeat(80)}\n\n`)}`
}

async function licenseOf(folder: string): Promise<string> {
  const file = (await readdir(folder)).find((name) => /^licen[cs]e/i.test(name))
  if (file !== undefined) return (await readFile(join(folder, file), 'utf8')).trim()
  // A few packages only name their license.
  const { license, author } = Licensed.parse(JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')))
  return `License: ${license}. Author: ${author}.`
}

const Licensed = z.object({ license: z.string(), author: z.string() })

async function manifest(): Promise<object> {
  const { version, license, dependencies } = await readManifest()
  const chosen = (isOptional: boolean) =>
    Object.fromEntries(Object.entries(dependencies).filter(([name]) => OPTIONAL.test(name) === isOptional))
  return {
    name: '@promptlab/server',
    version,
    description:
      'A server for durable, streaming LLM jobs: post a prompt, get a job, stream its tokens as often as you like.',
    keywords: ['llm', 'jobs', 'streaming', 'sse', 'resume', 'openai', 'anthropic', 'promptlab'],
    license,
    type: 'module',
    engines: { node: `>=${OLDEST_NODE}` },
    bin: { promptlab: `${PROGRAMS}/promptlab.js` },
    files: ['apps', 'docs', 'THIRD-PARTY-LICENSES'],
    dependencies: chosen(false),
    optionalDependencies: chosen(true),
  }
}

await main(process.argv[2])
