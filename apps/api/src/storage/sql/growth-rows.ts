import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import { grow, PartGrowth, type StoredAnswer } from '../../jobs/answer/stored-answer.ts'
import type { SqlDialect } from './sql-dialect.ts'
import { toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/**
 * The rows of a job in `job_growth`, as one JSON text. They are read in the statement that reads the job, because they are
 * removed when the job ends. If a process of an earlier version ended the job, they are still there, and the row of the job
 * has the text alone.
 */
export function selectGrowth(dialect: SqlDialect): RawBuilder<string | null> {
  const tape = dialect === 'postgres' ? sql`encode(tape, 'hex')` : sql`hex(tape)`
  const mayHaveRows = sql`jobs.status = 'running' or (jobs.ended_at is not null and jobs.tape is null)`
  return sql<string | null>`case when ${mayHaveRows} then (
    select '[' || string_agg(
      '[' || pieces || ',' || place || ',' || text_length || ',' || part_count || ',"' || ${tape} || '",'
        || coalesce(parts, 'null') || ']', ',' order by pieces) || ']'
    from job_growth where job_id = jobs.id) end`
}

/** In the order in which `selectGrowth` has them. */
const GrowthRow = z
  .tuple([
    z.int().describe('pieces'),
    z.int().describe('place'),
    z.int().describe('text_length'),
    z.int().describe('part_count'),
    z.string().describe('tape, in hexadecimal digits'),
    z.array(PartGrowth).nullable(),
  ])
  .transform(([pieceCount, place, textLength, partCount, tape, parts]) => ({
    pieceCount,
    place,
    textLength,
    partCount,
    tape: Buffer.from(tape, 'hex'),
    parts,
  }))
type GrowthRow = z.infer<typeof GrowthRow>

/**
 * The answer of a running job with its checkpoints.
 * @param stored the answer in the row of the job
 * @param text the text that checkpoints added
 * @param growth as `selectGrowth` returned it
 */
export function grownAnswer(stored: StoredAnswer, text: string, growth: string | null): StoredAnswer {
  const rows = growth === null ? [] : GrowthRow.array().parse(JSON.parse(growth))
  const [first] = rows
  // Processes of older versions store text alone.
  if (!first) return { ...stored, result: stored.result + text }
  const parts = partsOf(rows, first.textLength + text.length)
  // One growth, as if there had been one checkpoint: to decode the whole tape for each of them would take long.
  const { tape, ...grown } = grow(stored, {
    ...first,
    text,
    parts,
    tape: Buffer.concat(rows.map((row) => row.tape)),
  })
  return { ...grown, ...(tape && { tape }) }
}

/** What all rows add to the parts. A row without parts adds text to an answer that is one text until there. */
function partsOf(rows: readonly GrowthRow[], textLength: number): PartGrowth[] | undefined {
  if (rows.every(({ parts }) => parts === null)) return undefined
  return rows.flatMap(({ parts, textLength: start }, index) => {
    if (parts) return parts
    const length = (rows[index + 1]?.textLength ?? textLength) - start
    return length > 0 ? [{ part: 0, added: { type: 'text' as const, length } }] : []
  })
}

/** Removes the checkpoints of a job whose row has the whole answer. */
export async function removeCheckpoints(db: SqlDb, jobId: string): Promise<void> {
  for (const table of ['job_texts', 'job_growth'] as const) {
    await db.deleteFrom(table).where('job_id', '=', toStorable(jobId)).execute()
  }
}
