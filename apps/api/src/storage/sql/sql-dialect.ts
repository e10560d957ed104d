import { type RawBuilder, sql } from 'kysely'

export type SqlDialect = 'sqlite' | 'postgres'

/** Text that is compared by bytes, as times and ids are everywhere else, and not by the rules of a language. */
export function comparedText(dialect: SqlDialect): RawBuilder<unknown> {
  return dialect === 'postgres' ? sql`text collate "C"` : sql`text`
}
