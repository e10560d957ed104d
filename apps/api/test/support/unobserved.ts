import type { JobObserver } from '../../src/jobs/ports/job-observer.ts'

/** An observer for tests that do not check it. */
export const UNOBSERVED: JobObserver = {
  jobCreated: () => {},
  budgetRefused: () => {},
  runStarted: () => {},
  runEnded: () => {},
  runPutBack: () => {},
  providerFailed: () => {},
  newsSent: () => {},
}
