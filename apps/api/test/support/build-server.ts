import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'

const BUILD = fileURLToPath(new URL('../../build.ts', import.meta.url))

/** Builds `apps/api/dist` once before all tests, and again before each rerun in watch mode: `ServerProcess` runs the built programs. */
export async function setup(project: TestProject): Promise<void> {
  await build()
  project.onTestsRerun(build)
}

async function build(): Promise<void> {
  await promisify(execFile)(process.execPath, [BUILD])
}
