import { Delivery, ForkOrigin, isFinal, MaxCostUsd, Metadata, Webhook } from '@promptlab/contract'
import { type RawBuilder, sql } from 'kysely'
import { z } from 'zod'
import type { StoredJob } from '../../jobs/job.ts'
import type { SqlDialect } from './sql-dialect.ts'

/** What the column `terms` has. */
const Terms = z.object({
  maxCostUsd: MaxCostUsd.optional(),
  webhook: Webhook.optional(),
  metadata: Metadata.optional(),
  rerunOf: z.string().optional(),
  forkOf: ForkOrigin.optional(),
})

/**
 * The columns of what a job may cost, who is told of its end, what its caller noted, and of what job it was made. They are set when the job is stored,
 * and none of its later states changes them. A job that has none of them names no column, so that its statement is as short as
 * it was.
 */
export function termColumns(job: StoredJob) {
  const { maxCostUsd, webhook, metadata, rerunOf, forkOf, reserved, deliveries, notifyAt } = job
  const hasTerms = [maxCostUsd, webhook, metadata, rerunOf, forkOf].some((term) => term !== undefined)
  return {
    ...(hasTerms && { terms: JSON.stringify({ maxCostUsd, webhook, metadata, rerunOf, forkOf }) }),
    ...(reserved !== undefined && !isFinal(job) && { reserved }),
    ...deliveryColumns(deliveries),
    ...(notifyAt !== undefined && { notify_at: notifyTime(notifyAt) }),
  }
}

/** The column of deliveries, if there are any. */
export function deliveryColumns(deliveries: StoredJob['deliveries']) {
  return { ...(deliveries && { deliveries: JSON.stringify(deliveries) }) }
}

/** A time as the column `notify_at` has it, whose order as text is the order in time. */
export function notifyTime(notifyAt: string): string {
  return new Date(notifyAt).toISOString()
}

/** The columns that `termFieldsOf` reads. */
export const TERM_COLUMNS = ['jobs.terms', 'jobs.reserved', 'jobs.notify_at', 'jobs.deliveries'] as const

interface TermRow {
  readonly terms: string | null
  /** PostgreSQL writes large numbers as texts. */
  readonly reserved: number | string | null
  readonly notify_at: string | null
  readonly deliveries: string | null
  readonly ended_at: string | null
}

type TermFields = z.infer<typeof Terms> & Pick<StoredJob, 'reserved' | 'deliveries' | 'notifyAt'>

/**
 * The column `terms` of jobs in a list. In SQLite it lies behind the texts of a row, which a list must not read, so it is looked
 * up in its index.
 */
export function selectTerms(dialect: SqlDialect): RawBuilder<string | null> {
  if (dialect === 'postgres') return sql<string | null>`jobs.terms`
  return sql<string | null>`(
    select listed.terms from jobs as listed indexed by jobs_terms where listed.id = jobs.id and listed.terms is not null)`
}

/** What the column `terms` says. */
export function termsOf(terms: string | null): z.infer<typeof Terms> {
  return terms === null ? {} : Terms.parse(JSON.parse(terms))
}

/** The terms of the job of a row. What it reserved stays in its row when it ends, and counts no longer. */
export function termFieldsOf({ terms, reserved, notify_at, deliveries, ended_at }: TermRow): TermFields {
  return {
    ...termsOf(terms),
    ...(reserved !== null && ended_at === null && { reserved: Number(reserved) }),
    ...(deliveries !== null && { deliveries: z.array(Delivery).parse(JSON.parse(deliveries)) }),
    ...(notify_at !== null && { notifyAt: notify_at }),
  }
}
