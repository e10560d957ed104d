import type { DeliveryState, UntoldJob } from '../../jobs/ports/stored-values.ts'
import { isoTime } from './job-row.ts'
import { fromStorable, toStorable } from './storable-text.ts'
import type { SqlDb } from './tables.ts'
import { deliveryColumns, notifyTime } from './term-columns.ts'

/**
 * Jobs whose end is to be told, as `JobRepository.findUntold` says. In SQLite only the index is read.
 * @param now milliseconds since the epoch
 */
export async function findUntold(db: SqlDb, now: number, limit: number): Promise<UntoldJob[]> {
  const rows = await db
    .selectFrom('jobs')
    .select(['id', 'notify_at'])
    .where('notify_at', 'is not', null)
    .where('notify_at', '<=', isoTime(now))
    .where('ended_at', 'is not', null)
    .orderBy('notify_at')
    .orderBy('id')
    .limit(limit)
    .$narrowType<{ notify_at: string }>()
    .execute()
  return rows.map(({ id, notify_at: notifyAt }) => ({ id: fromStorable(id), notifyAt }))
}

/**
 * Stores how the deliveries of a job stand, if the next one is still due at `from`.
 * @returns whether it was
 */
export async function replaceDeliveries(db: SqlDb, id: string, next: DeliveryState, from: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('jobs')
    .set({ ...deliveryColumns(next.deliveries), notify_at: nextTime(next) })
    .where('id', '=', toStorable(id))
    .where('notify_at', '=', notifyTime(from))
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Whether the deliveries of a job are stored so. */
export async function hasDeliveries(db: SqlDb, id: string, next: DeliveryState): Promise<boolean> {
  const { deliveries } = deliveryColumns(next.deliveries)
  const notifyAt = nextTime(next)
  let query = db
    .selectFrom('jobs')
    .select('id')
    .where('id', '=', toStorable(id))
    .where('notify_at', notifyAt === null ? 'is' : '=', notifyAt)
  if (deliveries !== undefined) query = query.where('deliveries', '=', deliveries)
  return (await query.executeTakeFirst()) !== undefined
}

function nextTime({ notifyAt }: DeliveryState): string | null {
  return notifyAt === undefined ? null : notifyTime(notifyAt)
}
