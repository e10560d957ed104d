/** The longest wait for an answer, in seconds. Common proxies allow so much. */
const LONGEST_WAIT_SECONDS = 60

const WAIT = /^\s*wait\s*(?:=\s*"?(\d{0,9})"?\s*)?(?:;.*)?$/i

/**
 * The seconds of `Prefer: wait=N` (RFC 7240), at most 60, and 60 where it names no number. Undefined if there is no such
 * preference, or if the server does not understand it: a server may ignore preferences.
 */
export function preferredWaitSeconds(header: string | string[] | undefined): number | undefined {
  const preferences = [header ?? []].flat().join(',').split(',')
  for (const preference of preferences) {
    const wait = WAIT.exec(preference)
    if (wait) return wait[1] ? Math.min(Number(wait[1]), LONGEST_WAIT_SECONDS) : LONGEST_WAIT_SECONDS
  }
  return undefined
}
