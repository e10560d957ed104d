import { StoreOpenError } from '../store-open-error.ts'
import { fromStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** @throws StoreOpenError an import into the store was cut off, so that it holds a part of the jobs */
export async function refuseUnfinishedImport(db: SqlDb): Promise<void> {
  const source = await findUnfinishedImport(db)
  if (source === undefined) return
  throw new StoreOpenError(
    `The import of ${source} into this job store was not finished. Run the same pnpm import-jobs command again; it goes on where it was cut off.`,
  )
}

/** What the import reads that was begun and has not been finished. */
export async function findUnfinishedImport(db: SqlDb): Promise<string | undefined> {
  const row = await db.selectFrom('imports').select('source').where('finished_at', 'is', null).executeTakeFirst()
  return row && fromStorable(row.source)
}
