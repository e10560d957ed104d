/**
 * How many jobs of one provider run at once: the largest share that leaves a slot for each configured provider while
 * all the others are stuck. It is at least 1.
 */
export function providerShare(maxConcurrentJobs: number, configuredProviders: number): number {
  if (configuredProviders <= 1) return maxConcurrentJobs
  return Math.max(1, Math.floor((maxConcurrentJobs - 1) / (configuredProviders - 1)))
}

/** How many jobs of one caller run at once: half of all, rounded up, if there are two callers or more. */
export function callerShare(maxConcurrentJobs: number, callers: number): number {
  return callers > 1 ? Math.ceil(maxConcurrentJobs / 2) : maxConcurrentJobs
}
