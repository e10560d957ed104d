import { defineConfig } from 'vitest/config'
import { SkipReasonsReporter } from './skip-reasons-reporter.ts'
import { maxWorkers, projectsOf } from './vitest.workspace.ts'

export default defineConfig(({ mode }) => ({
  test: {
    projects: projectsOf(mode),
    maxWorkers,
    reporters: ['default', new SkipReasonsReporter()],
    // Ends tests that hang. Those in a browser took up to 53 s on a machine with a load of 11 on two cores.
    testTimeout: 60_000,
  },
}))
