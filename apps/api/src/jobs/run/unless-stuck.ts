/** How long work may go on after its signal was aborted, in milliseconds. */
const STOP_GRACE_MS = 1_000

/** The result of the work, or the reason to stop if the work goes on after it was told to stop. */
export async function unlessStuck<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const stuck = Promise.withResolvers<never>()
  const onAbort = () => setTimeout(() => stuck.reject(signal.reason), STOP_GRACE_MS).unref()
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  try {
    return await Promise.race([work, stuck.promise])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
