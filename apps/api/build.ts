/**
 * `pnpm build`: writes the JavaScript that production and `pnpm start` run to `apps/api/dist`. With `--if-missing`, only if it
 * is missing or older than the sources.
 */
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { filesIn, isStale } from '../is-stale.ts'

const API = new URL('./', import.meta.url)
const OUTPUT = fileURLToPath(new URL('dist', API))
/** An empty file, as old as the start of the last build that came to its end. */
const BUILT = join(OUTPUT, '.built')
const SOURCES = [
  'src',
  'build.ts',
  'bundle.ts',
  'package.json',
  '../../package.json',
  // The bundle has code of packages, such as SDKs.
  '../../pnpm-lock.yaml',
  '../../packages/contract/src',
  '../../packages/providers/src',
].map((source) => fileURLToPath(new URL(source, API)))

async function main(): Promise<void> {
  const startedAt = new Date()
  if (process.argv.includes('--if-missing') && !(await isStale(BUILT, SOURCES))) return
  // Not imported above: most starts have nothing to build.
  const { bundle, INCLUDED, programs } = await import('./bundle.ts')
  const { outputFiles } = await bundle({
    entryPoints: await programs(),
    outdir: OUTPUT,
    chunkNames: 'shared/[name]-[hash]',
    target: 'node24',
    included: INCLUDED,
    sourcemap: true,
    // Comments have characters beyond ASCII, and V8 keeps such a source in two bytes a character.
    minifyWhitespace: true,
    legalComments: 'none',
  })
  for (const { path, contents } of outputFiles) await writeChanged(path, contents)
  await removeAllBut(new Set([...outputFiles.map(({ path }) => path), BUILT]))
  await writeFile(BUILT, '')
  await utimes(BUILT, startedAt, startedAt)
}

/** Leaves an unchanged file alone: a process that starts meanwhile, such as in a test, must find all of its files. */
async function writeChanged(path: string, contents: Uint8Array): Promise<void> {
  const present = await readFile(path).catch(() => undefined)
  if (present?.equals(contents)) return
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, contents)
}

/** Removes what earlier builds left. */
async function removeAllBut(paths: ReadonlySet<string>): Promise<void> {
  // Forced, because another build or a server that keeps its compiled code may remove a file first.
  for (const path of await filesIn(OUTPUT)) if (!paths.has(path)) await rm(path, { force: true })
}

await main()
