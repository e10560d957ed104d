import { type Kysely, sql } from 'kysely'
import { comparedText, type SqlDialect } from './sql-dialect.ts'

/** Old rows keep null: their records have all of their messages. */
export async function addHistory(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const text = comparedText(dialect)
  const statements = [
    sql`alter table jobs add column history text`,
    sql`alter table jobs add column history_bytes bigint`,
    sql`create table block_items (
      block_id ${text} not null references items on delete cascade,
      item_id ${text} not null,
      owner ${text},
      size bigint not null,
      primary key (block_id, item_id)
    )`,
    sql`create index block_items_by_item on block_items (item_id)`,
    sql`create index block_items_by_owner on block_items (owner, block_id, size) where owner is not null`,
  ]
  for (const statement of statements) await statement.execute(db)
}
