import { Client } from 'pg'

const SERVER = process.env['TEST_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres'

/** A new database in PostgreSQL. Disposing it removes it. */
export interface PostgresDatabase extends AsyncDisposable {
  readonly url: string
}

/** @returns undefined if no PostgreSQL answers at `TEST_POSTGRES_URL` or on its usual port */
export async function createPostgresDatabase(): Promise<PostgresDatabase | undefined> {
  const name = `promptlab_bench_${crypto.randomUUID().replaceAll('-', '')}`
  try {
    await runSql(`create database ${name} template template0 encoding 'UTF8'`)
  } catch (error) {
    if (isUnreachable(error)) return undefined
    throw error
  }
  const url = new URL(SERVER)
  url.pathname = name
  return { url: url.href, [Symbol.asyncDispose]: () => runSql(`drop database ${name} with (force)`) }
}

async function runSql(statement: string): Promise<void> {
  const client = new Client({ connectionString: SERVER, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    await client.query(statement)
  } finally {
    await client.end()
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
}
