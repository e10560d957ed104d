/**
 * `pnpm build`: writes the playground as static files to `dist`. With `--if-missing`, only if they are missing or older than the
 * sources.
 */
import { readFile, writeFile } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { filesIn, isStale } from '../is-stale.ts'

const WEB = fileURLToPath(new URL('.', import.meta.url))
const OUTPUT = join(WEB, 'dist')
const SOURCES = [
  'src',
  'public',
  'index.html',
  'build.ts',
  'package.json',
  // The scripts have code of packages.
  '../../pnpm-lock.yaml',
  '../../packages/client/src',
  '../../packages/react/src',
].map((source) => join(WEB, source))
/** The largest size of the scripts with which the page starts: bytes, gzipped. */
const START_BUDGET = 150 * 1024
/** The largest size of all other scripts together, which load when they are first needed: bytes, gzipped. */
const LATER_BUDGET = 90 * 1024

async function main(): Promise<void> {
  if (process.argv.includes('--if-missing')) {
    if (!(await isStale(join(OUTPUT, 'index.html'), SOURCES))) return
    process.stdout.write('Building the playground, which takes a few seconds …\n')
  }
  // Set here for every caller, such as a test: otherwise Vite may bundle React's development build, which is slow and large.
  process.env['NODE_ENV'] = 'production'
  // Not imported above: to load them takes half a second, and most starts have nothing to build.
  const [{ build }, { default: react }] = await Promise.all([import('vite'), import('@vitejs/plugin-react')])
  await build({
    root: WEB,
    configFile: false,
    logLevel: 'warn',
    plugins: [react()],
    resolve: { conditions: ['@promptlab/source', 'module', 'browser'] },
    build: { target: 'es2022', emptyOutDir: true, modulePreload: false },
  })
  await compress()
}

/** Writes compressed copies beside each text file. The server sends the copy that the browser accepts. */
async function compress(): Promise<void> {
  const page = await readFile(join(OUTPUT, 'index.html'), 'utf8')
  let scriptBytes = 0
  let firstBytes = 0
  for (const file of await filesIn(OUTPUT)) {
    if (!['.js', '.css', '.html', '.svg'].includes(extname(file))) continue
    const bytes = await readFile(file)
    const gzipped = gzipSync(bytes, { level: 9 })
    if (file.endsWith('.js')) scriptBytes += gzipped.length
    if (file.endsWith('.js') && page.includes(basename(file))) firstBytes += gzipped.length
    await writeFile(`${file}.gz`, gzipped)
    await writeFile(`${file}.br`, brotliCompressSync(bytes))
  }
  const kilobytes = (bytes: number) => (bytes / 1024).toFixed(1)
  process.stdout.write(
    `The playground has ${kilobytes(scriptBytes)} KB of script, gzipped; it starts with ${kilobytes(firstBytes)} KB\n`,
  )
  if (firstBytes > START_BUDGET)
    throw new Error(`The playground starts with ${firstBytes} bytes of script; the limit is ${START_BUDGET}`)
  const laterBytes = scriptBytes - firstBytes
  if (laterBytes > LATER_BUDGET)
    throw new Error(`The playground loads ${laterBytes} bytes of script later; the limit is ${LATER_BUDGET}`)
}

await main()
