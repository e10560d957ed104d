import type { PostgresCursor, PostgresPool, PostgresPoolClient, PostgresQueryResult } from 'kysely'
import { Pool, type PoolClient, type PoolConfig, type QueryResultRow } from 'pg'
import type { Logger } from '../../base/logger.ts'
import { StorageUnavailableError } from '../../jobs/ports/job-repository.ts'
import { isBrokenConnection, isPostgresFault } from './postgres-faults.ts'

/** The connections of one process. What shows that the server cannot be used now is thrown as the port has it. */
export class GuardedPool implements PostgresPool {
  readonly #pool: Pool
  readonly options: object = {}

  constructor(config: PoolConfig, logger: Pick<Logger, 'warn'>) {
    this.#pool = new Pool(config)
    // One that breaks while nobody uses it is replaced when it is needed; unheard, its error would end the process.
    this.#pool.on('error', (err) => logger.warn({ err }, 'a connection to PostgreSQL was lost'))
  }

  async connect(): Promise<PostgresPoolClient> {
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
 * A connection in use. One on which an answer did not come is given up, as the answer might still come, to the next
 * question.
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
    if (typeof query !== 'string') throw new TypeError('Cursors are not used here')
    return this.#run<Row>(query, parameters)
  }

  release(isDiscarded = false): void {
    this.#client.off('error', this.#onError)
    this.#client.release(isDiscarded || this.#brokenBy !== undefined)
  }

  async #run<Row>(query: string, parameters: readonly unknown[]): Promise<PostgresQueryResult<Row>> {
    if (this.#brokenBy) throw new StorageUnavailableError(this.#brokenBy)
    try {
      const { command, rowCount, rows } = await this.#client.query<Row & QueryResultRow>(query, [...parameters])
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

/** Those of which the caller wants to know. */
const COMMANDS = ['UPDATE', 'DELETE', 'INSERT', 'COMMIT', 'ROLLBACK'] as const
