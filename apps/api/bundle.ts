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

/**
 * Packages whose code becomes a part of the programs that `pnpm build` makes. They have hundreds of files, and to find and read these took
 * a tenth of the CPU time of a start, and more with a database. Packages with binaries, workers or other files of their own, such as
 * `pino`, cannot be a part of a bundle.
 */
export const INCLUDED: readonly string[] = [
  '@fastify/accepts',
  '@fastify/cors',
  '@fastify/rate-limit',
  '@opentelemetry/api',
  'bullmq',
  'fastify',
  'fastify-plugin',
  'fastify-type-provider-zod',
  'ioredis',
  'ipaddr.js',
  'kysely',
  'lowdb',
  'pg',
  'prom-client',
  'uuid',
  'zod',
]

/** Packages that are CommonJS ask for modules of Node.js in this way, which a bundle of ES modules does not have by itself. */
const REQUIRE =
  "import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"

interface BundleOptions
  extends Pick<BuildOptions, 'chunkNames' | 'define' | 'legalComments' | 'minifyWhitespace' | 'sourcemap'> {
  /** Paths of the sources in which programs start. */
  readonly entryPoints: readonly string[]
  readonly outdir: string
  /** The oldest Node.js that runs it, as esbuild names it. */
  readonly target: string
  /** Dependencies that become a part of the bundle. The others are installed beside it. Default: none. */
  readonly included?: readonly string[]
}

/**
 * The programs with all that production does not install: the packages of the workspace, and those that only they need; and with
 * what is `included`. The result has the files, which are not written, and says what is in them.
 */
export async function bundle({
  entryPoints,
  included = [],
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
    external: Object.keys((await readManifest()).dependencies).filter((name) => !included.includes(name)),
    banner: { js: REQUIRE },
    // A stack trace needs the places of the sources, and not their text: Node.js reads a map when it makes the first one.
    sourcesContent: false,
    // Otherwise a literal with \p becomes a `new RegExp`, which is compiled whether it is used or not.
    supported: { 'regexp-unicode-property-escapes': true, 'regexp-set-notation': true },
    logLevel: 'warning',
    metafile: true,
    write: false,
  })
}
