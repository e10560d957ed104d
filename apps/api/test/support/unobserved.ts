import type { JobObserver } from '../../src/jobs/ports/job-observer.ts'

/** For what a test does not look at. */
export const UNOBSERVED: JobObserver = { runStarted: () => {}, runEnded: () => {}, providerFailed: () => {} }
