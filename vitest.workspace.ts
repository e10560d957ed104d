import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import type { TestProjectConfiguration } from 'vitest/config'

/** The resolve conditions under which the published packages are their sources. */
const SOURCE = { conditions: ['@promptlab/source'] }

const path = (name: string) => fileURLToPath(new URL(name, import.meta.url))

/** Builds the server that tests start as a process. */
const SERVER = path('apps/api/test/support/build-server.ts')
/** Builds the page that tests open in a browser. */
const PLAYGROUND = path('e2e/test/build-playground.ts')

const CHAOS = ['test/chaos/**/*.test.ts', 'test/cluster/**/*.test.ts']
const BREAKING_CONNECTIONS = 'test/client-resume.e2e.test.ts'
const RESUMED_RESPONSES = 'test/resume*.e2e.test.ts'

function api(name: string, test: { include: string[]; exclude?: string[]; env?: Record<string, string> }) {
  return { test: { name, root: 'apps/api', globalSetup: SERVER, ...test } }
}

function e2e(name: string, test: { include: string[]; env?: Record<string, string> }) {
  return { resolve: SOURCE, ssr: { resolve: SOURCE }, test: { name, root: 'e2e', globalSetup: PLAYGROUND, ...test } }
}

function sdk(name: string, test: { include: string[]; env?: Record<string, string> }) {
  return { test: { name, root: 'e2e/sdk', globalSetup: SERVER, ...test } }
}

/** Vitest's own default leaves a machine with two cores one file at a time. */
export const maxWorkers = Math.max(2, availableParallelism() - 1)

/** `pnpm test`: everything that a change needs. */
const everyday: TestProjectConfiguration[] = [
  { test: { name: 'contract', root: 'packages/contract', include: ['src/**/*.test.ts'] } },
  { test: { name: 'providers', root: 'packages/providers', include: ['src/**/*.test.ts', 'test/**/*.test.ts'] } },
  api('api', { include: ['src/**/*.test.ts', 'test/**/*.test.ts'], exclude: CHAOS }),
  { resolve: SOURCE, test: { name: 'client', root: 'packages/client', include: ['src/**/*.test.ts'] } },
  {
    resolve: SOURCE,
    ssr: { resolve: SOURCE },
    test: { name: 'react', root: 'packages/react', include: ['src/**/*.test.ts'] },
  },
  {
    resolve: SOURCE,
    ssr: { resolve: SOURCE },
    test: {
      name: 'web',
      root: 'apps/web',
      include: ['src/**/*.test.{ts,tsx}'],
      // Its sources are modules for bundlers: Node.js does not find the files that they import.
      server: { deps: { inline: ['temml'] } },
    },
  },
  e2e('e2e', { include: ['test/**/*.test.ts'] }),
  sdk('sdk', { include: ['test/**/*.test.ts'] }),
]

/** `pnpm test:chaos`: crashes, clusters, failing disks, random requests, connections that break, the image. */
const chaos: TestProjectConfiguration[] = [
  api('chaos', { include: CHAOS }),
  e2e('chaos-e2e', { include: [BREAKING_CONNECTIONS], env: { CLIENT_ROUNDS: '40' } }),
  sdk('chaos-sdk', { include: [RESUMED_RESPONSES], env: { RESUME_ROUNDS: '40', RESTART_ROUNDS: '2' } }),
]

/** How long each test of `pnpm test:soak` goes on. */
const SOAK_MINUTES = Number(process.env['SOAK_MINUTES'] ?? 45)
const SOAK_MS = String(SOAK_MINUTES * 60_000)

/** `pnpm test:soak`: every test that makes random rounds, for SOAK_MINUTES each. */
const soak: TestProjectConfiguration[] = [
  api('soak', {
    include: [
      'test/chaos/*crash.e2e.test.ts',
      'test/chaos/rejoin.e2e.test.ts',
      'test/cluster/paced.e2e.test.ts',
      'test/**/*.property.test.ts',
      'src/**/journaled-store-crash.test.ts',
    ],
    env: { SOAK_MS },
  }),
  e2e('soak-e2e', { include: [BREAKING_CONNECTIONS], env: { SOAK_MS } }),
  sdk('soak-sdk', { include: [RESUMED_RESPONSES], env: { SOAK_MS } }),
]

const BY_MODE: Readonly<Record<string, TestProjectConfiguration[]>> = { chaos, soak }

/** The test projects of a run, by Vitest's `--mode`; without one, those of `pnpm test`. */
export const projectsOf = (mode: string): TestProjectConfiguration[] => BY_MODE[mode] ?? everyday
