import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8'

/** The size of each half of the young generation. V8 would let it grow to 32 MB. */
const HALF_BYTES = 8 * 1024 * 1024
/** The size of each half at first. Then there is only one, until the first collection needs the other. */
const FIRST_HALF_BYTES = 1024 * 1024
/** How many objects may be made to fill it: eight times as many as it takes. */
const MOST_OBJECTS = 1_000_000

/** The old generation is collected when it has grown by so much since the last time. V8 would let it grow to three times its size. */
const GROWTH_PERCENT = 50

/**
 * Bounds the heap of V8 (docs/performance.md, "Memory and start"): most of what a job leaves behind is garbage, and without a bound
 * the process takes a third more memory. The options of V8 are set in the program, so that every way to start it has them.
 * @param options the options of this Node.js. What they say themselves is not changed.
 */
export function boundHeap(options: readonly string[]): void {
  if (!options.some((option) => /semi[-_]space/.test(option))) boundYoungGeneration()
  if (!options.some((option) => /heap[-_]growing/.test(option)))
    setFlagsFromString(`--heap-growing-percent=${GROWTH_PERCENT}`)
}

/**
 * The option for the largest size has no effect in a process that runs, but V8 reads the factor of the growth each time. So the young
 * generation grows here to its size, which it does when objects survive, and not further.
 */
function boundYoungGeneration(): void {
  const survivors: object[] = []
  for (let factor = growthFactor(); factor >= 2 && survivors.length < MOST_OBJECTS; factor = growthFactor()) {
    setFlagsFromString(`--semi-space-growth-factor=${factor}`)
    for (let count = 0; count < 10_000; count++) survivors.push({ count })
  }
  setFlagsFromString('--semi-space-growth-factor=1')
}

/** By how much the young generation may grow. It is larger than at first when code was loaded before, as with `--import`. */
function growthFactor(): number {
  const bytes = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_size ?? HALF_BYTES
  return Math.floor(HALF_BYTES / (bytes > FIRST_HALF_BYTES ? bytes / 2 : bytes))
}
