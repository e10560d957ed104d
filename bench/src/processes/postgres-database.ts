import { Client } from 'pg'
import { z } from 'zod'

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
  return { url: url.href, [Symbol.asyncDispose]: () => removeDatabase(name) }
}

async function removeDatabase(name: string): Promise<void> {
  await runSql(`drop database ${name} with (force)`)
}

/** What the database takes on disk. */
export async function databaseBytes({ url }: PostgresDatabase): Promise<number> {
  const rows = await runSql('select pg_database_size(current_database())::float8 as bytes', url)
  return z.tuple([z.object({ bytes: z.number() })]).parse(rows)[0].bytes
}

async function runSql(statement: string, connectionString = SERVER): Promise<unknown> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5_000 })
  try {
    await client.connect()
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED'
}
