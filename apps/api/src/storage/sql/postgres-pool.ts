import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import { Pool, type PoolClient, type PoolConfig, type QueryConfig, type QueryResultRow } from 'pg'
import type { Logger } from '../../base/logger.ts'
import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'
import { isBrokenConnection, isPostgresFault } from './postgres-faults.ts'

/** Statements that each connection prepares once. */
export interface PreparedStatements {
  /** @param name tells the statement apart from others with another text */
  execute<Row>(name: string, text: string, values: readonly unknown[]): Promise<readonly Row[]>
}

/** The connections of one process. When the server cannot be used, their errors are thrown as StorageUnavailableError. */
export class GuardedPool implements PostgresPool, PreparedStatements {
  readonly #pool: Pool
  readonly options: object = {}

  constructor(config: PoolConfig, logger: Pick<Logger, 'warn'>) {
    this.#pool = new Pool(config)
    // The pool replaces an idle connection that breaks. Without a listener, the error would end the process.
    this.#pool.on('error', (err) => logger.warn({ err }, 'lost a connection to PostgreSQL'))
  }

  async execute<Row>(name: string, text: string, values: readonly unknown[]): Promise<readonly Row[]> {
    const client = await this.connect()
    try {
      return (await client.run<Row>({ name, text, values: [...values] })).rows
    } finally {
      client.release()
    }
  }

  async connect(): Promise<GuardedClient> {
    try {
      return new GuardedClient(await this.#pool.connect())
    } catch (error) {
      throw new StorageUnavailableError(error)
    }
  }

  end(): Promise<void> {
    return this.#pool.end()
  }
}

/**
 * A connection in use. It is discarded when an answer did not come in time: that answer could still come, and would be taken
 * for the answer to the next query.
 */
class GuardedClient implements PostgresPoolClient {
  readonly #client: PoolClient
  #brokenBy: unknown

  constructor(client: PoolClient) {
    this.#client = client
    client.on('error', this.#onError)
  }

  query<Row>(query: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>>
  query<Row>(cursor: PostgresCursor<Row>): PostgresCursor<Row>
  query<Row>(
    query: string | PostgresCursor<Row>,
    parameters: readonly unknown[] = [],
  ): Promise<PostgresQueryResult<Row>> | PostgresCursor<Row> {
    if (typeof query !== 'string') throw new TypeError('Cursors are not supported')
    return this.run<Row>({ text: query, values: [...parameters] })
  }

  release(isDiscarded = false): void {
    this.#client.off('error', this.#onError)
    this.#client.release(isDiscarded || this.#brokenBy !== undefined)
  }

  async run<Row>(query: QueryConfig): Promise<PostgresQueryResult<Row>> {
    if (this.#brokenBy) throw new StorageUnavailableError(this.#brokenBy)
    try {
      const { command, rowCount, rows } = await this.#client.query<Row & QueryResultRow>(query)
      return { command: COMMANDS.find((known) => known === command) ?? 'SELECT', rowCount: rowCount ?? 0, rows }
    } catch (error) {
      if (isBrokenConnection(error)) this.#brokenBy = error
      throw isPostgresFault(error) ? new StorageUnavailableError(error) : error
    }
  }

  readonly #onError = (error: Error) => {
    this.#brokenBy = error
  }
}

/** The commands that Kysely tells apart. */
const COMMANDS = ['UPDATE', 'DELETE', 'INSERT', 'COMMIT', 'ROLLBACK'] as const
