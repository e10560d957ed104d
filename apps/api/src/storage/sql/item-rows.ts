import { type SqlBool, sql } from 'kysely'
import type { StoredJob } from '../../jobs/job.ts'
import { itemSizes } from '../../jobs/kept-parts.ts'
import { ItemSweptError } from '../../jobs/ports/storage-errors.ts'
import type { Item } from '../../jobs/ports/stored-values.ts'
import { isoTime } from './job-row.ts'
import type { SqlDatabase } from './sql-database.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/**
 * An item that was touched within this time is not touched again, in milliseconds: a conversation refers to the same items in
 * each turn, and many callers to the same instructions. `sweepItems` allows for it.
 */
export const TOUCH_GRAIN_MS = 10 * 60 * 1000
const IDS_PER_STATEMENT = 5_000
/** A statement with new items ends where it would have more bytes, or more items. */
const INSERT = { bytes: 8 * 1024 * 1024, items: 500 }
/** So many items are checked at once by a sweep. */
const SWEEP_PAGE = 2_000

/** Stores those of the items that the store does not have, and touches the others. */
export async function storeItems(database: SqlDatabase, items: readonly Item[]): Promise<void> {
  const now = Date.now()
  // In the order of their ids, so that two processes never wait for each other's rows.
  const unique = [...new Map(items.map((item) => [item.id, item])).values()].toSorted((a, b) => (a.id < b.id ? -1 : 1))
  const kept = new Set<string>()
  for (const ids of chunks(unique.map(({ id }) => id))) {
    for (const id of await touchItems(database, ids, now)) kept.add(id)
  }
  for (const batch of batches(unique.filter(({ id }) => !kept.has(id)))) {
    await database.write((db) => insertItems(db, batch, now))
  }
}

/** @returns those of the ids that the store has. None of these items is swept within an hour. */
export async function touchItems(database: SqlDatabase, ids: readonly string[], now: number): Promise<string[]> {
  const grain = isoTime(now - TOUCH_GRAIN_MS)
  const known = await database.db.selectFrom('items').select(['id', 'touched_at']).where('id', 'in', ids).execute()
  const stale = known.filter(({ touched_at }) => touched_at < grain).map(({ id }) => id)
  const fresh = known.filter(({ touched_at }) => touched_at >= grain).map(({ id }) => id)
  if (stale.length === 0) return fresh
  const isPostgres = database.dialect === 'postgres'
  const touched = await database.write((db) =>
    db
      .updateTable('items')
      .set({ touched_at: isoTime(now) })
      .where('id', 'in', (eb) =>
        eb
          .selectFrom('items')
          .select('id')
          .where('id', 'in', stale)
          .orderBy('id')
          .$if(isPostgres, (query) => query.forNoKeyUpdate()),
      )
      .returning('id')
      .execute(),
  )
  // A sweep may have removed some of the stale ones meanwhile.
  return [...fresh, ...touched.map(({ id }) => id)]
}

export async function insertItems(db: SqlDb, items: readonly Item[], now: number): Promise<void> {
  const rows = items.map(({ id, bytes }) => ({ id, size: bytes.length, touched_at: isoTime(now), bytes }))
  await db
    .insertInto('items')
    .values(rows)
    .onConflict((on) => on.column('id').doUpdateSet(({ ref }) => ({ touched_at: ref('excluded.touched_at') })))
    .execute()
}

/** The bytes of an item. */
export async function findItem(db: SqlDb, id: string): Promise<Uint8Array | undefined> {
  const row = await db.selectFrom('items').select('bytes').where('id', '=', toStorable(id)).executeTakeFirst()
  return row?.bytes
}

/** The bytes of items by their ids. */
export async function findItems(db: SqlDb, ids: Iterable<string>): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  for (const some of chunks([...new Set(ids)])) {
    const rows = await db.selectFrom('items').select(['id', 'bytes']).where('id', 'in', some).execute()
    for (const { id, bytes } of rows) found.set(id, bytes)
  }
  return found
}

/** All items, one after the other. */
export async function* allItems(db: SqlDb): AsyncGenerator<Item> {
  for (let last = ''; ; ) {
    const page = await db
      .selectFrom('items')
      .select('id')
      .where('id', '>', last)
      .orderBy('id')
      .limit(IDS_PER_STATEMENT)
      .execute()
    for (const { id } of page) {
      const bytes = await findItem(db, id)
      if (bytes) yield { id, bytes }
    }
    const end = page.at(-1)
    if (!end) return
    last = end.id
  }
}

/**
 * Holds items until the transaction ends, so that no sweep removes them. Transactions that hold the same items do not wait for
 * each other.
 * @throws ItemSweptError a sweep has removed one of them
 */
export async function lockItems(db: SqlDb, dialect: SqlDialect, items: Iterable<string>): Promise<void> {
  for (const ids of chunks([...items])) {
    const rows = await db
      .selectFrom('items')
      .select('id')
      .where('id', 'in', ids)
      .orderBy('id')
      .$if(dialect === 'postgres', (query) => query.forKeyShare())
      .execute()
    const found = new Set(rows.map(({ id }) => id))
    const gone = ids.find((id) => !found.has(id))
    if (gone !== undefined) throw new ItemSweptError(gone)
  }
}

/** Stores which items the jobs refer to. */
export async function insertJobItems(db: SqlDb, jobs: readonly StoredJob[]): Promise<void> {
  const rows = jobs.flatMap((job) =>
    [...itemSizes(job)].map(([item_id, size]) => ({
      job_id: toStorable(job.id),
      item_id,
      owner: job.owner ?? null,
      size,
    })),
  )
  for (const some of chunks(rows)) await db.insertInto('job_items').values(some).execute()
}

/**
 * Removes items to which no job and no block refers, and that were not touched since a time, at most `limit` of them.
 * @param time milliseconds since the epoch
 * @returns how many were removed
 */
export async function sweepItems(database: SqlDatabase, time: number, limit: number): Promise<number> {
  const before = isoTime(time - TOUCH_GRAIN_MS)
  let removed = 0
  for (let last = { touched_at: '', id: '' }; removed < limit; ) {
    const page = await database.db
      .selectFrom('items')
      .select(['items.id', 'items.touched_at', sql<number | boolean>`${isFree}`.as('is_free')])
      .where('touched_at', '<', before)
      .where(sql<SqlBool>`(items.touched_at, items.id) > (${last.touched_at}, ${last.id})`)
      .orderBy('touched_at')
      .orderBy('id')
      .limit(SWEEP_PAGE)
      .execute()
    const free = page.filter((row) => row.is_free).map(({ id }) => id)
    for (const ids of chunks(free.slice(0, limit - removed))) removed += await removeFree(database, ids, before)
    const end = page.at(-1)
    if (!end || page.length < SWEEP_PAGE) break
    last = end
  }
  return removed
}

const isFree = sql<SqlBool>`(not exists (select 1 from job_items where job_items.item_id = items.id)
  and not exists (select 1 from block_items where block_items.item_id = items.id))`

/**
 * Items are locked first, and judged again in a second statement. That one sees every touch and every job that was stored
 * before the lock. A touch or a job that comes later waits, and then finds the item gone.
 */
async function removeFree(database: SqlDatabase, ids: readonly string[], before: string): Promise<number> {
  return await database.transact(async (db) => {
    if (database.dialect === 'postgres') {
      await db.selectFrom('items').select('id').where('id', 'in', ids).orderBy('id').forUpdate().execute()
    }
    const { numDeletedRows } = await db
      .deleteFrom('items')
      .where('id', 'in', ids)
      .where('touched_at', '<', before)
      .where(isFree)
      .executeTakeFirst()
    return Number(numDeletedRows)
  })
}

/** The bytes of the items that the jobs of an owner and the blocks of these jobs refer to. */
export async function countStoredBytes(db: SqlDb, owner: string): Promise<number> {
  const { rows } = await sql<{ bytes: number | string }>`
    select coalesce((select sum(size) from job_items where owner = ${owner}), 0) + coalesce((
      select sum(size) from block_items
      where owner = ${owner} and exists (select 1 from job_items where job_items.item_id = block_items.block_id)
    ), 0) as bytes`.execute(db)
  return Number(rows[0]?.bytes ?? 0)
}

function* chunks<Value>(values: readonly Value[]): Generator<readonly Value[]> {
  for (let start = 0; start < values.length; start += IDS_PER_STATEMENT) {
    yield values.slice(start, start + IDS_PER_STATEMENT)
  }
}

function* batches(items: readonly Item[]): Generator<readonly Item[]> {
  let batch: Item[] = []
  let bytes = 0
  for (const item of items) {
    if (batch.length === INSERT.items || (batch.length > 0 && bytes + item.bytes.length > INSERT.bytes)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += item.bytes.length
  }
  if (batch.length > 0) yield batch
}
