import { Client, type ClientConfig } from 'pg'

/**
 * Whether each connection keeps a session of its own. Behind a pooler in transaction mode each transaction gets any session
 * that is free, and a lock that belongs to a session protects nothing.
 *
 * Two connections hold a session each, by a transaction. Then both give theirs back. A pooler lends the session that was
 * returned last, or, with `server_round_robin`, each in turn: the first connection, asked twice, gets the other session.
 */
export async function keepsSessions(config: ClientConfig): Promise<boolean> {
  const [first, second] = [new Client(config), new Client(config)]
  // A connection that breaks also fails its query.
  for (const client of [first, second]) client.on('error', () => {})
  try {
    await Promise.all([first.connect(), second.connect()])
    await first.query('begin')
    await second.query('begin')
    const session = await sessionOf(first)
    await first.query('commit')
    await second.query('commit')
    return (await sessionOf(first)) === session && (await sessionOf(first)) === session
  } finally {
    await Promise.allSettled([first.end(), second.end()])
  }
}

async function sessionOf(client: Client): Promise<number | undefined> {
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
  return rows[0]?.pid
}
