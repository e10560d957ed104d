import { commandLine } from '../../base/command-line.ts'
import { StoreOpenError } from '../store-open-error.ts'
import { fromStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'

/** @throws StoreOpenError an import into the store was interrupted, so jobs are missing */
export async function refuseUnfinishedImport(db: SqlDb): Promise<void> {
  const source = await findUnfinishedImport(db)
  if (source === undefined) return
  throw new StoreOpenError(
    `The import of ${source} into this job store was not finished. Run the same ${commandLine('import-jobs')} command again to finish it.`,
  )
}

/** The source of the import into this store that has begun and not ended. Undefined when there is none. */
export async function findUnfinishedImport(db: SqlDb): Promise<string | undefined> {
  const row = await db.selectFrom('imports').select('source').where('finished_at', 'is', null).executeTakeFirst()
  return row && fromStorable(row.source)
}
