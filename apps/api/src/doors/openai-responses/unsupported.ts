import { z } from 'zod'

/** A field that must be absent, with the reason. */
export function refused(reason: string) {
  return z.never({ error: reason }).optional()
}

/** A field that may only have values that change nothing. */
export function onlyDefault<Value extends string | number | boolean>(
  values: readonly [Value, ...Value[]],
  reason: string,
) {
  return z.literal([...values], { error: reason }).optional()
}
