import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from './logger.ts'
import { UnreachableError } from './unreachable-error.ts'

interface UntilReachableOptions {
  readonly logger: Pick<Logger, 'warn'>
  /** For how long it is tried, in milliseconds. */
  readonly limitMs?: number
  /** The pause between two tries, in milliseconds. */
  readonly pauseMs?: number
}

/**
 * Opens what is at another server, again and again while that does not answer: it may be starting up as well.
 * @throws UnreachableError it still does not when the time is up
 */
export async function untilReachable<Opened>(
  open: () => Promise<Opened>,
  { logger, limitMs = 30_000, pauseMs = 2_000 }: UntilReachableOptions,
): Promise<Opened> {
  const giveUpAt = performance.now() + limitMs
  for (;;) {
    try {
      return await open()
    } catch (error) {
      if (!(error instanceof UnreachableError) || performance.now() + pauseMs > giveUpAt) throw error
      logger.warn({ err: error }, 'not reachable yet; trying again')
      await sleep(pauseMs)
    }
  }
}
