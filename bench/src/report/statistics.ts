/** The value below which this share (0 to 1) of the values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * share
  const below = sorted[Math.floor(at)] ?? Number.NaN
  const above = sorted[Math.ceil(at)] ?? Number.NaN
  return below + (above - below) * (at - Math.floor(at))
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** Among noise that only adds, it is more stable than the median, and depends on a single value less than the minimum. */
export function lowerQuartile(values: readonly number[]): number {
  return quantile(values, 0.25)
}

/** `12.3 (11.9–13.0)`: the median and the spread. */
export function withSpread(values: readonly number[], digits = 1): string {
  const [low, middle, high] = [0, 0.5, 1].map((share) => quantile(values, share).toFixed(digits))
  return values.length > 1 ? `${middle} (${low}–${high})` : `${middle}`
}
