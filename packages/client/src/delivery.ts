import { isObject } from './job.ts'

/** One attempt to tell a receiver of the end of a job. */
export interface DeliveryAttempt {
  at: string
  durationMs: number
  /** The HTTP status of the answer. Absent if there was none. */
  status?: number | undefined
  /** Why there was no answer. */
  error?: 'timeout' | 'unreachable' | 'host-not-allowed' | 'address-not-allowed' | undefined
}

/** The news of a job's end to one receiver. */
export interface Delivery {
  /** The `webhook-id` of every attempt. */
  id: string
  /** The webhook of the job, or the one that the operator set for all jobs. */
  to: 'job' | 'server'
  /**
   * `waiting`: for the end of the job, or for the next attempt. `refused`: the receiver wants no further attempt. `given-up`: no
   * attempt of a day was taken.
   */
  status: 'waiting' | 'delivered' | 'refused' | 'given-up'
  /** Oldest first. */
  attempts: DeliveryAttempt[]
  /** Present while the delivery waits for its next attempt. */
  nextAttemptAt?: string | undefined
}

export function isDeliveryList(value: unknown): value is { data: Delivery[] } {
  return isObject(value) && Array.isArray(value['data']) && value['data'].every(isObject)
}
