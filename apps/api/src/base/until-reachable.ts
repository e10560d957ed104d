import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from './logger.ts'
import { UnreachableError } from './unreachable-error.ts'

/** How long to wait for another server. */
export interface Patience {
  /** How long to try, in milliseconds. The default is 30 s. */
  readonly limitMs?: number
  /** The pause between two attempts, in milliseconds. The default is 2 s. */
  readonly pauseMs?: number
}

interface UntilReachableOptions extends Patience {
  readonly logger: Pick<Logger, 'warn'>
}

/**
 * Repeats `open` while it throws UnreachableError, because the other server may be starting up. Other errors are thrown at once.
 * @throws UnreachableError the server does not answer within the limit
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
      logger.warn({ err: error }, 'could not connect yet; trying again')
      await sleep(pauseMs)
    }
  }
}
