/** `pnpm build`: the JavaScript that production runs, in `apps/api/dist`. */
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { bundle } from './bundle.ts'

const API = new URL('./', import.meta.url)
const OUTPUT = fileURLToPath(new URL('dist', API))

async function main(): Promise<void> {
  const { outputFiles } = await bundle({
    entryPoints: await programs(),
    outdir: OUTPUT,
    chunkNames: 'shared/[name]-[hash]',
    target: 'node24',
    sourcemap: true,
  })
  for (const { path, contents } of outputFiles) await writeChanged(path, contents)
  await removeAllBut(new Set(outputFiles.map(({ path }) => path)))
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
  for (const entry of await readdir(OUTPUT, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name)
    if (entry.isFile() && !paths.has(path)) await rm(path)
  }
}

/** The sources that the scripts of the repository run: what `pnpm NAME` does there, `node` does here. */
async function programs(): Promise<string[]> {
  const Manifest = z.object({ scripts: z.record(z.string(), z.string()) })
  const { scripts } = Manifest.parse(JSON.parse(await readFile(new URL('../../package.json', API), 'utf8')))
  const files = Object.values(scripts).flatMap(
    (script) => /^node --import tsx apps\/api\/(src\/\S+\.ts)/.exec(script)?.[1] ?? [],
  )
  return files.map((file) => fileURLToPath(new URL(file, API)))
}

await main()
