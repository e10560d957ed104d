import type { TestProjectConfiguration } from 'vitest/config'

/** Every test project of the repository. vitest.config.ts imports this list: Vitest no longer reads the file by itself. */
export const projects: TestProjectConfiguration[] = [
  { test: { name: 'contract', root: 'packages/contract', include: ['src/**/*.test.ts'] } },
  { test: { name: 'providers', root: 'packages/providers', include: ['src/**/*.test.ts', 'test/**/*.test.ts'] } },
  { test: { name: 'api', root: 'apps/api', include: ['src/**/*.test.ts', 'test/**/*.test.ts'] } },
]
