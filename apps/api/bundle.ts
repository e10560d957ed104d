import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, type BuildResult, build } from 'esbuild'
import { z } from 'zod'

const MANIFEST = fileURLToPath(new URL('package.json', import.meta.url))
const Manifest = z.object({ version: z.string(), license: z.string(), dependencies: z.record(z.string(), z.string()) })

const Workspace = z.object({ scripts: z.record(z.string(), z.string()) })

/** The manifest of the API, `apps/api/package.json`. */
export async function readManifest(): Promise<z.infer<typeof Manifest>> {
  return Manifest.parse(JSON.parse(await readFile(MANIFEST, 'utf8')))
}

/** The sources that the scripts of the repository run: what `pnpm NAME` does there, `node` does here. */
export async function programs(): Promise<string[]> {
  const { scripts } = Workspace.parse(
    JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8')),
  )
  const files = Object.values(scripts).flatMap((script) => /\bapps\/api\/(src\/\S+\.ts)/.exec(script)?.[1] ?? [])
  return files.map((file) => fileURLToPath(new URL(file, import.meta.url)))
}

interface BundleOptions extends Pick<BuildOptions, 'chunkNames' | 'define' | 'sourcemap'> {
  /** Paths of the sources in which programs start. */
  readonly entryPoints: readonly string[]
  readonly outdir: string
  /** The oldest Node.js that runs it, as esbuild names it. */
  readonly target: string
}

/**
 * The programs with all that production does not install: the packages of the workspace, and those that only they need. The
 * result has the files, which are not written, and says what is in them.
 */
export async function bundle({
  entryPoints,
  ...options
}: BundleOptions): Promise<BuildResult<{ write: false; metafile: true }>> {
  return await build({
    ...options,
    entryPoints: [...entryPoints],
    // Paths in the result, such as those in comments, are the same wherever it is built.
    absWorkingDir: fileURLToPath(new URL('../../', import.meta.url)),
    bundle: true,
    // What several programs share is there once, and what is imported dynamically stays a file that is loaded when it is needed.
    splitting: true,
    // The programs lie side by side, wherever their sources are.
    entryNames: '[name]',
    format: 'esm',
    platform: 'node',
    external: Object.keys((await readManifest()).dependencies),
    // A stack trace needs the places of the sources, and not their text: Node.js reads a map when it makes the first one.
    sourcesContent: false,
    // Otherwise a literal with \p becomes a `new RegExp`, which is compiled whether it is used or not.
    supported: { 'regexp-unicode-property-escapes': true, 'regexp-set-notation': true },
    logLevel: 'warning',
    metafile: true,
    write: false,
  })
}
