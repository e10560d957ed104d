import type { Delivery, DeliveryAttempt } from '@promptlab/contract'
import type { AttemptOutcome } from '../ports/webhooks.ts'

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** The pauses between attempts, in milliseconds: together about a day. */
const PAUSES_MS: readonly number[] = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  4 * HOUR_MS,
  8 * HOUR_MS,
  9 * HOUR_MS,
]
/** Each pause is so much shorter or longer, by chance: receivers that were away must not be called by all jobs at once. */
const JITTER = 0.1
/** The longest wait that a receiver gets because it asks for it. */
const LONGEST_ASKED_MS = HOUR_MS
const GONE = 410

interface Made extends Pick<DeliveryAttempt, 'at' | 'durationMs'> {
  readonly outcome: AttemptOutcome
}

/**
 * A delivery after an attempt: delivered, refused, given up after about a day, or waiting for the next attempt.
 * @param now milliseconds since the epoch
 * @param random a number from 0 to 1
 */
export function afterAttempt(
  { nextAttemptAt: _, ...delivery }: Delivery,
  { at, durationMs, outcome }: Made,
  now: number,
  random: number,
): Delivery {
  const { status, error, retryAfterMs } = outcome
  const attempt = { at, durationMs, ...(status !== undefined && { status }), ...(error && { error }) }
  const attempts = [...delivery.attempts, attempt]
  if (status !== undefined && status >= 200 && status < 300) return { ...delivery, attempts, status: 'delivered' }
  if (status === GONE) return { ...delivery, attempts, status: 'refused' }
  const pauseMs = PAUSES_MS[delivery.attempts.length]
  if (pauseMs === undefined) return { ...delivery, attempts, status: 'given-up' }
  const askedMs = Math.min(retryAfterMs ?? 0, LONGEST_ASKED_MS)
  const waitMs = Math.max(pauseMs * (1 + JITTER * (2 * random - 1)), askedMs)
  return { ...delivery, attempts, nextAttemptAt: new Date(now + waitMs).toISOString() }
}

/** Whether a delivery waits for an attempt that may be made now. */
export function isDue({ status, nextAttemptAt }: Delivery, now: number): boolean {
  return status === 'waiting' && (nextAttemptAt === undefined || Date.parse(nextAttemptAt) <= now)
}
