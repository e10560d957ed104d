import type { Delivery, DeliveryAttempt } from '@promptlab/contract'

/** Who gets the news of a job: the address that its caller named, or the operator's own. */
export type Receiver = { readonly to: 'job'; readonly url: string } | { readonly to: 'server' }

/** What is sent at every attempt of a delivery. */
export interface SentNews {
  /** The id of the delivery, by which receivers know a repeat. */
  readonly id: string
  /** JSON, the same at every attempt. */
  readonly body: string
}

/** What became of one attempt. */
export interface AttemptOutcome extends Pick<DeliveryAttempt, 'status' | 'error'> {
  /** How long the receiver asks to wait before the next attempt. Undefined if it does not. */
  readonly retryAfterMs?: number | undefined
}

/** Sends the news of jobs to their receivers. */
export interface Webhooks {
  /** Whether the operator has a receiver for all jobs. */
  readonly hasServerReceiver: boolean

  /** Why no news is sent to an address that a caller names, as a sentence without its full stop. Undefined: news is sent there. */
  refusalOf(url: string): string | undefined

  /** Names the machine of a receiver, for limits and for the log. Undefined if there is no such receiver any more. */
  hostOf(receiver: Receiver): string | undefined

  /**
   * Makes one attempt. It never takes longer than `LONGEST_ATTEMPT_MS`, and never rejects but with the reason of the signal.
   * @param signal gives the attempt up
   */
  send(receiver: Receiver, news: SentNews, signal: AbortSignal): Promise<AttemptOutcome>
}

/** The most time that one attempt takes, in milliseconds. */
export const LONGEST_ATTEMPT_MS = 15_000

/** The receiver of a delivery. Undefined if the job names none any more. */
export function receiverOf(
  { to }: Pick<Delivery, 'to'>,
  webhook: { readonly url: string } | undefined,
): Receiver | undefined {
  if (to === 'server') return { to }
  return webhook && { to, url: webhook.url }
}
