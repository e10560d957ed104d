/** `pnpm build`: writes the published JavaScript and types to `dist`, and prints the size of the hooks in a browser. */
import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const PACKAGE = fileURLToPath(new URL('.', import.meta.url))
/** The largest size that the hooks may add to a page beside React and the client: bytes, minified and gzipped. */
const BUDGET = 4_352

await rm(`${PACKAGE}dist`, { recursive: true, force: true })
execFileSync('tsc', ['--project', 'tsconfig.build.json'], { cwd: PACKAGE, stdio: 'inherit' })

const bundled = await build({
  entryPoints: [`${PACKAGE}dist/index.js`],
  bundle: true,
  minify: true,
  format: 'esm',
  platform: 'browser',
  external: ['react', '@promptlab/client'],
  write: false,
})
const size = gzipSync(bundled.outputFiles[0]?.contents ?? '').length
process.stdout.write(`@promptlab/react is ${size} bytes, minified and gzipped\n`)
if (size > BUDGET) throw new Error(`The hooks have ${size} bytes; the limit is ${BUDGET}`)
