/**
 * The longest lists in a body, which are checked before anything in a list is: faults cost time, and a list may have a million
 * wrong elements. The limits of a job are stricter, and are checked later.
 */
export const MAX_LIST = { items: 10_000, parts: 1_000, tools: 128, others: 128 } as const

/** The sentence for a value that is a list and too long; undefined for others. For unions, whose own sentence says only their forms. */
export function tooLong(value: unknown, what: 'items' | 'parts'): string | undefined {
  return Array.isArray(value) && value.length > MAX_LIST[what] ? `Has more than ${MAX_LIST[what]} ${what}` : undefined
}
