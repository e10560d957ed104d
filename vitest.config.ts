import { defineConfig } from 'vitest/config'
import { SkipReasonsReporter } from './skip-reasons-reporter.ts'
import { maxWorkers, projectsOf } from './vitest.workspace.ts'

export default defineConfig(({ mode }) => ({
  test: {
    projects: projectsOf(mode),
    maxWorkers,
    reporters: ['default', new SkipReasonsReporter()],
    // Some tests start servers; a busy machine may take long for that.
    testTimeout: 30_000,
  },
}))
