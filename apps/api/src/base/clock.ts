/** The time: as a date for records, and from a steady clock for durations. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number
  /** Milliseconds since a fixed moment. It never jumps, so use the difference of two calls. */
  elapsed(): number
}

/** The clock of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
}
