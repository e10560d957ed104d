import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const SOURCES = new URL('../', import.meta.url)
const OUTPUT = new URL('../../dist/', import.meta.url)

/** The programs that the benchmarks start beside the server, and the probe that is loaded into the server. */
const PROGRAMS = {
  vendor: 'vendor/vendor.ts',
  load: 'load/load.ts',
  'lock-step': 'lock-step/lock-step.ts',
  probe: 'probe/probe.ts',
  'proxy-floor': 'floors/proxy-floor.ts',
  'broadcast-floor': 'floors/broadcast-floor.ts',
  'slice-floor': 'floors/slice-floor.ts',
  'plain-engine': 'floors/plain-engine.ts',
  'hello-floor': 'floors/hello-floor.ts',
} as const

/**
 * Makes JavaScript of the programs. A process that loads TypeScript loads a compiler too: 20 MB and CPU time that would be
 * counted as the server's or the floor's.
 */
export async function buildPrograms(): Promise<void> {
  await build({
    entryPoints: Object.entries(PROGRAMS).map(([name, file]) => ({
      in: fileURLToPath(new URL(file, SOURCES)),
      out: name,
    })),
    outdir: fileURLToPath(OUTPUT),
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    sourcemap: true,
    logLevel: 'warning',
  })
}

/** The file of a program that `buildPrograms` made. */
export function programFile(name: keyof typeof PROGRAMS): URL {
  return new URL(`${name}.js`, OUTPUT)
}
