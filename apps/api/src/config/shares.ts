/**
 * How many jobs of one provider run at once: the largest share that leaves a slot for each configured provider while
 * all the others are stuck. It is at least 1.
 */
export function providerShare(maxConcurrentJobs: number, configuredProviders: number): number {
  if (configuredProviders <= 1) return maxConcurrentJobs
  return Math.max(1, Math.floor((maxConcurrentJobs - 1) / (configuredProviders - 1)))
}

/**
 * What one caller may have of a total, which is the jobs that run at once or the bytes that wait: half of it, rounded
 * up, if there are two callers or more.
 */
export function callerShare(total: number, callers: number): number {
  return callers > 1 ? Math.ceil(total / 2) : total
}

/** How many callers the keys name: keys of the same name are one caller. */
export function countCallers(apiKeys: readonly { readonly name: string }[]): number {
  return new Set(apiKeys.map(({ name }) => name)).size
}
