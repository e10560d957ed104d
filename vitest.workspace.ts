import { fileURLToPath } from 'node:url'
import type { TestProjectConfiguration } from 'vitest/config'

/** Packages that are published have builds; tests take their sources. */
const SOURCE = { conditions: ['@promptlab/source'] }

/** The page that is tested is that of the present sources. */
const PLAYGROUND = fileURLToPath(new URL('e2e/test/build-playground.ts', import.meta.url))

/** Every test project of the repository. vitest.config.ts imports this list: Vitest no longer reads the file by itself. */
export const projects: TestProjectConfiguration[] = [
  { test: { name: 'contract', root: 'packages/contract', include: ['src/**/*.test.ts'] } },
  { test: { name: 'providers', root: 'packages/providers', include: ['src/**/*.test.ts', 'test/**/*.test.ts'] } },
  { test: { name: 'api', root: 'apps/api', include: ['src/**/*.test.ts', 'test/**/*.test.ts'] } },
  { resolve: SOURCE, test: { name: 'client', root: 'packages/client', include: ['src/**/*.test.ts'] } },
  { resolve: SOURCE, test: { name: 'web', root: 'apps/web', include: ['src/**/*.test.ts'] } },
  {
    resolve: SOURCE,
    ssr: { resolve: SOURCE },
    test: { name: 'e2e', root: 'e2e', globalSetup: PLAYGROUND, include: ['test/**/*.test.ts'] },
  },
]
