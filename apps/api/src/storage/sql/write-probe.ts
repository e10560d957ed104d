import type { SqlDb } from './tables.ts'

/** Writes a row of a size and removes it again, in one transaction. */
export async function writeProbe(db: SqlDb, id: string, bytes: number): Promise<void> {
  await insertProbe(db, id, bytes)
  await removeProbe(db, id)
}

/** @param id of the process, so that those of several processes do not meet */
export async function insertProbe(db: SqlDb, id: string, bytes: number): Promise<void> {
  const row = { id, filler: ' '.repeat(bytes) }
  await db
    .insertInto('write_probes')
    .values(row)
    .onConflict((on) => on.column('id').doUpdateSet(row))
    .execute()
}

export async function removeProbe(db: SqlDb, id: string): Promise<void> {
  await db.deleteFrom('write_probes').where('id', '=', id).execute()
}
