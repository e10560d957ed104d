import { defineConfig } from 'vitest/config'
import { projects } from './vitest.workspace.ts'

export default defineConfig({
  test: {
    projects,
    // Some tests start servers; a busy machine may take long for that.
    testTimeout: 30_000,
  },
})
