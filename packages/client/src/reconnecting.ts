import { Retry, type RetryPolicy } from './retry.ts'

/** Describes an interruption of a stream. */
export interface Reconnect {
  /** How many connections in a row have failed. A received event or keep-alive resets the count. */
  readonly failures: number
  /** The pause before the next connection, in milliseconds. */
  readonly waitMs: number
  readonly error: unknown
}

export interface ReconnectOptions {
  readonly signal: AbortSignal | undefined
  readonly onReconnect: ((reconnect: Reconnect) => void) | undefined
  readonly retries: RetryPolicy
}

/**
 * The items of as many connections as needed.
 * @param connect opens the next connection, behind what the connections before gave. Its undefined items are keep-alives. It
 * returns when nothing more is to come
 * @throws the error of a connection, if another connection cannot help or too many in a row have failed
 */
export async function* reconnecting<Item>(
  { signal, onReconnect, retries }: ReconnectOptions,
  connect: () => AsyncGenerator<Item | undefined, void>,
): AsyncGenerator<Item, void> {
  const retry = new Retry(retries, signal)
  for (;;) {
    try {
      for await (const item of connect()) {
        // A keep-alive, too, shows that the connection works.
        retry.succeeded()
        if (item !== undefined) yield item
      }
      return
    } catch (error) {
      await retry.after(error, (waitMs) => onReconnect?.({ failures: retry.failures, waitMs, error }))
    }
  }
}
