import { z } from 'zod'

/** How many things of many are asked for, in a query: 1 to 100, 20 unless set. */
export const PageLimit = z.preprocess(numberOf, z.int().min(1).max(100).default(20))

/** The number of a text with one to three digits. Any other text gives NaN, which the schema refuses. */
function numberOf(text: unknown): unknown {
  if (typeof text !== 'string') return text
  return /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
}
