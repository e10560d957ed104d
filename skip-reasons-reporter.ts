import type { Reporter, TestModule } from 'vitest/node'

/** Prints at the end of a run why tests were skipped, such as a program that is not installed, each reason once. */
export class SkipReasonsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const files = new Map<string, Set<string>>()
    for (const module of modules) {
      for (const test of module.children.allTests('skipped')) {
        const result = test.result()
        const reason = result.state === 'skipped' ? result.note : undefined
        if (reason === undefined) continue
        files.set(reason, (files.get(reason) ?? new Set()).add(module.relativeModuleId))
      }
    }
    for (const [reason, names] of files) {
      process.stdout.write(`Skipped in ${[...names].join(', ')}:\n  ${reason}\n`)
    }
  }
}
