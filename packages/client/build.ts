/** `pnpm build`: the JavaScript and the types that are published, in `dist`; prints what the client weighs in a browser. */
import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const PACKAGE = fileURLToPath(new URL('.', import.meta.url))
/** The most that it may add to a page, gzipped, in bytes. */
const BUDGET = 4_096

await rm(`${PACKAGE}dist`, { recursive: true, force: true })
execFileSync('tsc', ['--project', 'tsconfig.build.json'], { cwd: PACKAGE, stdio: 'inherit' })

const bundled = await build({
  entryPoints: [`${PACKAGE}dist/index.js`],
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  write: false,
})
const size = gzipSync(bundled.outputFiles[0]?.contents ?? '').length
process.stdout.write(`@promptlab/client is ${size} bytes, minified and gzipped\n`)
if (size > BUDGET) throw new Error(`The client is to stay below ${BUDGET} bytes`)
