import { ItemId } from '@promptlab/contract'
import { z } from 'zod'

/** A block of messages that a record refers to. */
export const HistoryRef = z.object({
  /** The id of the block, which is kept as an item is. */
  item: ItemId,
  /** The size of the block. */
  bytes: z.int().positive(),
  /** The bytes of the items that the block refers to, if it refers to some. */
  keptBytes: z.int().positive().optional(),
})
export type HistoryRef = z.infer<typeof HistoryRef>
