import { defineConfig } from 'vitest/config'
import { maxWorkers, projectsOf } from './vitest.workspace.ts'

export default defineConfig(({ mode }) => ({
  test: {
    projects: projectsOf(mode),
    maxWorkers,
    // Some tests start servers; a busy machine may take long for that.
    testTimeout: 30_000,
  },
}))
