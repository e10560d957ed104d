import type { JobEntry } from './job-entry.ts'
import { ListOrder } from './list-order.ts'

/** The jobs that were made of requests at doors, by the digest of the request. */
export class RequestIndex {
  readonly #orders = new Map<string, ListOrder<JobEntry>>()

  /** Puts the new entry of a job in the place of the old one. */
  replace(old: JobEntry | undefined, next: JobEntry | undefined): void {
    const isMoved = old?.requestDigest !== next?.requestDigest || old?.createdAt !== next?.createdAt
    if (isMoved && old) this.#remove(old)
    if (next?.requestDigest === undefined) return
    const order = this.#orders.get(next.requestDigest)
    if (order) order.set(next)
    else this.#orders.set(next.requestDigest, new ListOrder([next]))
  }

  /** The jobs that have not failed or been cancelled, newest first. */
  newest(digest: string, limit: number): JobEntry[] {
    const isJoinable = ({ status }: JobEntry) => status !== 'failed' && status !== 'cancelled'
    return this.#orders.get(digest)?.newest(limit, undefined, isJoinable) ?? []
  }

  #remove(entry: JobEntry): void {
    const order = entry.requestDigest === undefined ? undefined : this.#orders.get(entry.requestDigest)
    if (entry.requestDigest === undefined || !order) return
    order.remove([entry])
    if (order.isEmpty) this.#orders.delete(entry.requestDigest)
  }
}
