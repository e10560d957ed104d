/** `pnpm build`: writes the published JavaScript and types to `dist`, and prints its size in a browser. */
import { execFileSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

const PACKAGE = fileURLToPath(new URL('.', import.meta.url))
/** The largest size that each entry, with all that it needs, may add to a page: bytes, minified and gzipped. */
const BUDGETS = { index: 5_376, 'ai-sdk/index': 10_752 }

await rm(`${PACKAGE}dist`, { recursive: true, force: true })
execFileSync('tsc', ['--project', 'tsconfig.build.json'], { cwd: PACKAGE, stdio: 'inherit' })

for (const [entry, budget] of Object.entries(BUDGETS)) {
  const bundled = await build({
    entryPoints: [`${PACKAGE}dist/${entry}.js`],
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    write: false,
  })
  const size = gzipSync(bundled.outputFiles[0]?.contents ?? '').length
  process.stdout.write(`${entry} of @promptlab/client is ${size} bytes, minified and gzipped\n`)
  if (size > budget) throw new Error(`${entry} has ${size} bytes; the limit is ${budget}`)
}
