import { type Kysely, type RawBuilder, sql } from 'kysely'
import { comparedText, type SqlDialect } from './sql-dialect.ts'

/**
 * What callers may spend, who is told of the end of a job, and when jobs changed. Old rows keep null: nothing is reserved for
 * these jobs, nobody is told of them, and their last change is older than any that is asked for.
 */
export async function addBudgets(db: Kysely<unknown>, dialect: SqlDialect): Promise<void> {
  const text = comparedText(dialect)
  // SQLite would read the whole texts of a row to get at its last columns, so its indexes have all that is asked for.
  const [orHidden, orEnded] = dialect === 'sqlite' ? [sql`, delete_after`, sql`, ended_at`] : [sql``, sql``]
  const statements = [
    sql`alter table jobs add column terms text`,
    sql`alter table jobs add column reserved bigint`,
    sql`alter table jobs add column notify_at ${text}`,
    sql`alter table jobs add column deliveries text`,
    sql`alter table jobs add column changed_at ${text}`,
    sql`create index jobs_reserved on jobs (owner, reserved${orEnded}) where reserved is not null and ended_at is null`,
    sql`create index jobs_to_tell on jobs (notify_at, id${orEnded}) where notify_at is not null and ended_at is not null`,
    sql`create index jobs_by_change on jobs (changed_at, id${orHidden})
      where delete_after is null and changed_at is not null`,
    sql`create index jobs_by_owner_and_change on jobs (owner, changed_at, id${orHidden})
      where owner is not null and delete_after is null and changed_at is not null`,
    sql`create index usage_by_owner on usage_ledger (owner, day)`,
    ...(dialect === 'postgres' ? [sql`create table callers (owner ${text} primary key)`, ...changesOfEarlier()] : []),
  ]
  for (const statement of statements) await statement.execute(db)
}

/** A process of an earlier version that still runs does not know when jobs change: the database notes it in its place. */
function changesOfEarlier(): RawBuilder<unknown>[] {
  return [
    sql`create function note_change() returns trigger language plpgsql as $$
      begin
        new.changed_at := new.updated_at;
        return new;
      end
    $$`,
    sql`create trigger note_new_job before insert on jobs for each row
      when (new.changed_at is null) execute function note_change()`,
    sql`create trigger note_new_state before update of status on jobs for each row
      when (new.changed_at is not distinct from old.changed_at) execute function note_change()`,
  ]
}
