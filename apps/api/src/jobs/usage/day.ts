/**
 * The day of a time in UTC, such as `2026-11-27`.
 * @param time milliseconds since the epoch
 */
export function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10)
}
