import { z } from 'zod'

/** A field of usage that the APIs of the vendors do not have. */
export const estimated = z
  .literal(true)
  .optional()
  .describe('Only here, not at the vendor: the vendor reported no usage, and the server estimated the numbers.')
