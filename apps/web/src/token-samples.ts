/** How many tokens had come at a moment, in milliseconds since the run was asked for. */
export interface Sample {
  readonly atMs: number
  readonly tokens: number
}

/** How tokens came, in a size that does not grow with the run. */
export interface TokenSamples {
  /** Of the whole run, evenly spaced. */
  readonly all: readonly Sample[]
  /** Of the last two seconds. */
  readonly recent: readonly Sample[]
  /** Between two of all, in milliseconds. */
  readonly spacingMs: number
}

const SPACING_MS = 100
const WINDOW_MS = 2_000
const MAX_SAMPLES = 240

export const NO_SAMPLES: TokenSamples = { all: [], recent: [], spacingMs: SPACING_MS }

/** With one more, unless it comes too soon after the one before: then the same object, so nothing has to be drawn again. */
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

/** Every second of them, when they have become many. */
function thinned(all: readonly Sample[], spacingMs: number): Omit<TokenSamples, 'recent'> {
  if (all.length <= MAX_SAMPLES) return { all, spacingMs }
  return { all: all.filter((_, place) => place % 2 === 0), spacingMs: spacingMs * 2 }
}

function lastOf(samples: readonly Sample[]): number {
  return samples.at(-1)?.atMs ?? Number.NEGATIVE_INFINITY
}
