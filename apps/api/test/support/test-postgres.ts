import { Client } from 'pg'
import { afterAll, beforeAll, it, vi } from 'vitest'

const SERVER = process.env['TEST_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'
const MISSING = `no PostgreSQL answers at ${new URL(SERVER).host}; start one there, or set TEST_POSTGRES_URL, to include these tests`

/**
 * Defines tests that need a PostgreSQL, in a database of their own. Without one they are skipped with a message; in CI they
 * fail.
 * @param define defines the tests; `newDatabase` empties the database and gives its URL
 */
export async function withPostgres(define: (newDatabase: () => Promise<string>) => void): Promise<void> {
  if (!(await isThere())) {
    if (process.env['CI']) throw new Error(MISSING)
    it('needs PostgreSQL', ({ skip }) => skip(MISSING))
    return
  }
  const name = `promptlab_test_${crypto.randomUUID().replaceAll('-', '')}`
  const url = new URL(SERVER)
  url.pathname = name
  beforeAll(() => runSql(SERVER, `create database ${name} template template0 encoding 'UTF8'`))
  afterAll(() => runSql(SERVER, `drop database ${name} with (force)`))
  define(async () => {
    await nobodyElse(url.href)
    await runSql(url.href, 'drop schema public cascade; create schema public')
    return url.href
  })
}

/** Waits until PostgreSQL has forgotten closed connections. Until then a server would think that another one uses the database. */
async function nobodyElse(url: string): Promise<void> {
  const others = `select pid from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'`
  await vi.waitUntil(async () => (await runSql(url, others)).length === 0, { timeout: 10_000, interval: 20 })
}

async function isThere(): Promise<boolean> {
  try {
    await runSql(SERVER, 'select 1')
    return true
  } catch {
    return false
  }
}

/** Runs statements on a connection of its own, and gives the rows of the last one. */
export async function runSql(url: string, statements: string): Promise<unknown[]> {
  const client = new Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    return (await client.query(statements)).rows
  } finally {
    await client.end()
  }
}
