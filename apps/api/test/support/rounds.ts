/** How long each test of `pnpm test:soak` goes on, from SOAK_MINUTES; `vitest.workspace.ts` sets it. */
const SOAK_MS = process.env['SOAK_MS'] === undefined ? undefined : Number(process.env['SOAK_MS'])

/** Whether this is `pnpm test:soak`. */
export const isSoak = SOAK_MS !== undefined

/** How long the last round of a test may take after that. */
const LAST_ROUND_MS = 600_000

/** Numbers the rounds of a randomised test from 0 up to `count`. In `pnpm test:soak` the time decides, and `count` is ignored. */
export function* rounds(count: number): Generator<number> {
  const startedAt = performance.now()
  const isOver = (round: number) => (SOAK_MS === undefined ? round >= count : performance.now() - startedAt >= SOAK_MS)
  for (let round = 0; !isOver(round); round++) yield round
}

/** The same for a property of fast-check, as its parameters. */
export function cases(count: number): { numRuns: number; interruptAfterTimeLimit?: number } {
  if (SOAK_MS === undefined) return { numRuns: count }
  return { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: SOAK_MS }
}

/** The timeout of such a test in milliseconds: `longestMs`, and in `pnpm test:soak` the time for its rounds and a bit more. */
export function timeoutOf(longestMs: number): number {
  return SOAK_MS === undefined ? longestMs : SOAK_MS + LAST_ROUND_MS
}
