/** The longest that a request may be held, in seconds: what common proxies allow. */
const LONGEST_WAIT_SECONDS = 60

/**
 * The seconds of `Prefer: wait=N` (RFC 7240), at most 60; undefined when there is no such preference or it is not understood,
 * as a preference may be ignored.
 */
export function preferredWaitSeconds(header: string | string[] | undefined): number | undefined {
  const preferences = [header ?? []].flat().join(',').split(',')
  for (const preference of preferences) {
    const seconds = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?$/i.exec(preference)?.[1]
    if (seconds !== undefined) return Math.min(Number(seconds), LONGEST_WAIT_SECONDS)
  }
  return undefined
}
