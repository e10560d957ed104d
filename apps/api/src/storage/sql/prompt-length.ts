import { type RawBuilder, sql } from 'kysely'
import type { SqlDialect } from './sql-dialect.ts'

/** The first bytes of the UTF-8 characters that take two UTF-16 code units. Valid text has these bytes nowhere else. */
const LEADS_OF_PAIRS = ['f0', 'f1', 'f2', 'f3', 'f4']

/**
 * The length of a prompt in UTF-16 code units, computed where the row has none. The database counts code points, so a
 * character beyond U+FFFF counts once more, and an escape of `storable-text.ts`, five code points, counts as one.
 */
export function promptLength(dialect: SqlDialect): RawBuilder<number> {
  const escapes = sql`(length(jobs.prompt) - length(replace(jobs.prompt, ${sql.lit('\u0010')}, '')))`
  return sql<number>`coalesce(jobs.prompt_length, length(jobs.prompt) + ${pairs(dialect)} - 4 * ${escapes})`
}

/** How many characters of a prompt are beyond U+FFFF. */
function pairs(dialect: SqlDialect): RawBuilder<number> {
  if (dialect === 'postgres') {
    return sql`length(regexp_replace(jobs.prompt, ${sql.lit('[^\\U00010000-\\U0010FFFF]+')}, '', 'g'))`
  }
  // SQLite has no pattern for them, but its replace() compares bytes.
  const counts = LEADS_OF_PAIRS.map((lead) => {
    const without = sql`replace(jobs.prompt, cast(x'${sql.raw(lead)}' as text), '')`
    return sql`(length(cast(jobs.prompt as blob)) - length(cast(${without} as blob)))`
  })
  return sql`(${sql.join(counts, sql` + `)})`
}
