import { readBlock } from '../../jobs/history/shared-history.ts'
import type { StoredJob } from '../../jobs/job.ts'
import { itemSizes } from '../../jobs/kept-parts.ts'
import type { HistoryBlock } from '../../jobs/ports/stored-values.ts'
import { findItems, insertItems, lockItems, touchItems } from './item-rows.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { SqlDb } from './tables.ts'

const ROWS_PER_STATEMENT = 1_000

/**
 * Stores those of the blocks that the store does not have, and touches the others. A block is stored together with the items to
 * which it refers, so that a sweep sees both or none, and finds these items in use from then on.
 * @throws ItemSweptError a sweep has removed one of these items
 */
export async function storeBlocks(database: SqlDatabase, blocks: readonly HistoryBlock[]): Promise<void> {
  const now = Date.now()
  const unique = new Map(blocks.map((block) => [block.id, block]))
  const known = new Set(await touchItems(database, [...unique.keys()], now))
  const missing = [...unique.values()].filter(({ id }) => !known.has(id))
  if (missing.length === 0) return
  // In the order of their ids, so that two processes never wait for each other's rows.
  const sorted = missing.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  await database.transact(async (db) => {
    await lockItems(db, database.dialect, new Set(sorted.flatMap(({ items }) => [...items.keys()])))
    await insertItems(db, sorted, now)
    await insertBlockItems(db, sorted)
  })
}

/** Stores to which items the blocks of imported jobs refer. The blocks were imported as items. */
export async function linkBlocks(db: SqlDb, jobs: readonly StoredJob[]): Promise<void> {
  const owners = new Map<string, string | undefined>()
  for (const { history = [], owner } of jobs) {
    for (const { item, keptBytes } of history) if (keptBytes !== undefined) owners.set(item, owner)
  }
  const found = await findItems(db, owners.keys())
  const blocks = [...found].map(([id, bytes]) => ({ id, owner: owners.get(id), items: itemSizes(readBlock(bytes)) }))
  await insertBlockItems(db, blocks)
}

async function insertBlockItems(db: SqlDb, blocks: readonly Omit<HistoryBlock, 'bytes'>[]): Promise<void> {
  const rows = blocks.flatMap(({ id, owner = null, items }) =>
    [...items].map(([item_id, size]) => ({ block_id: id, item_id, owner, size })),
  )
  for (let start = 0; start < rows.length; start += ROWS_PER_STATEMENT) {
    await db
      .insertInto('block_items')
      .values(rows.slice(start, start + ROWS_PER_STATEMENT))
      .onConflict((on) => on.columns(['block_id', 'item_id']).doNothing())
      .execute()
  }
}
