/** The number of tokens so far, at a time in milliseconds since the job was requested. */
export interface Sample {
  readonly atMs: number
  readonly tokens: number
}

/** The growth of the token count, in a size that does not grow with the run. */
export interface TokenSamples {
  /** At most 240 evenly spaced samples of the whole run. */
  readonly all: readonly Sample[]
  /** The samples of the last two seconds. */
  readonly recent: readonly Sample[]
  /** The time between two samples in `all`, in milliseconds. */
  readonly spacingMs: number
}

const SPACING_MS = 100
const WINDOW_MS = 2_000
const MAX_SAMPLES = 240

export const NO_SAMPLES: TokenSamples = { all: [], recent: [], spacingMs: SPACING_MS }

/** Adds a sample. Within 100 ms of the last one it returns the same object, so that nothing is drawn again. */
export function withSample(samples: TokenSamples, sample: Sample): TokenSamples {
  const { recent, spacingMs } = samples
  if (sample.atMs - lastOf(recent) < SPACING_MS) return samples
  return {
    ...(sample.atMs - lastOf(samples.all) < spacingMs ? samples : thinned([...samples.all, sample], spacingMs)),
    recent: [...recent.filter(({ atMs }) => sample.atMs - atMs <= WINDOW_MS), sample],
  }
}

/** Tokens a second, over the last two seconds. */
export function recentRate({ recent }: TokenSamples): number | undefined {
  const first = recent[0]
  const last = recent.at(-1)
  if (!first || !last || last.atMs === first.atMs) return undefined
  return ((last.tokens - first.tokens) / (last.atMs - first.atMs)) * 1000
}

/** Drops every second sample when there are more than 240. */
function thinned(all: readonly Sample[], spacingMs: number): Omit<TokenSamples, 'recent'> {
  if (all.length <= MAX_SAMPLES) return { all, spacingMs }
  return { all: all.filter((_, index) => index % 2 === 0), spacingMs: spacingMs * 2 }
}

function lastOf(samples: readonly Sample[]): number {
  return samples.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY
}
