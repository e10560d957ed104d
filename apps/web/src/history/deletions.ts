import { ApiError, isFinalJob, type JobSummary, PromptLabClient } from '@promptlab/client'
import { FramedStore } from '@promptlab/react'
import { explain, readKey } from '../api.ts'
import { onGone, tellDeleted } from '../gone-jobs.ts'
import { go, routeOf } from '../route.ts'

/** Jobs that are hidden, and deleted unless somebody takes it back in time. */
export interface PendingDeletion {
  readonly key: number
  /** What was deleted, such as the question of the row. */
  readonly name: string
  readonly ids: readonly string[]
  /** The fragment of the address before the jobs were deleted. */
  readonly address: string
}

interface DeletionsView {
  /** Oldest first. */
  readonly pending: readonly PendingDeletion[]
  /** The jobs that are deleted, or about to be. */
  readonly hidden: ReadonlySet<string>
  /** What could not be deleted, and why. */
  readonly fault: string | undefined
}

/** How long a deletion can be taken back, in milliseconds. */
const UNDO_MS = 8_000
/** How many deletions can be taken back at a time. A further one sends the oldest. */
const MOST_PENDING = 3
/** How many requests are under way at a time, while the page stays. */
const MOST_REQUESTS = 4

/** Requests that go on when the page is left. */
const parting = new PromptLabClient({
  baseUrl: location.origin,
  apiKey: readKey,
  fetch: (input, init) => fetch(input, { ...init, keepalive: true }),
})

/** Deletes jobs after a time in which it can be taken back, or when the page is left or hidden. */
export class Deletions extends FramedStore<DeletionsView> {
  readonly #timers = new Map<number, ReturnType<typeof setTimeout>>()
  #nextKey = 0
  #isHeld = false

  constructor() {
    super({ pending: [], hidden: new Set(), fault: undefined })
  }

  /**
   * Sends what is pending when the page is hidden or left.
   * @returns stops that, and sends what is pending
   */
  readonly open = (): (() => void) => {
    const hide = () => document.visibilityState === 'hidden' && this.flush()
    document.addEventListener('visibilitychange', hide)
    // A page that is left while it is visible, as by a reload.
    window.addEventListener('pagehide', this.flush)
    const leave = onGone((ids) => this.#hide(ids))
    return () => {
      leave()
      document.removeEventListener('visibilitychange', hide)
      window.removeEventListener('pagehide', this.flush)
      this.flush()
      this.forget()
    }
  }

  /** Hides the jobs now, and deletes them later. */
  delete(name: string, ids: readonly string[]): void {
    const deletion = { key: this.#nextKey++, name, ids, address: location.hash }
    const pending = [...this.next.pending, deletion]
    this.set({ pending, fault: undefined })
    this.#hide(ids)
    if (!this.#isHeld) this.#wait(deletion.key)
    for (const { key } of pending.slice(0, -MOST_PENDING)) void this.#send(key, MOST_REQUESTS)
  }

  /**
   * Stops those of the jobs that go on.
   * @returns whether they could be stopped
   */
  async stop(name: string, jobs: readonly JobSummary[]): Promise<boolean> {
    try {
      await Promise.all(jobs.filter((job) => !isFinalJob(job)).map(({ id }) => parting.cancel(id)))
      return true
    } catch (error) {
      this.set({ fault: `“${name}” was not stopped. ${explain(error).message}` })
      return false
    }
  }

  /** Takes a deletion back. The jobs are shown again, also side by side if they were. */
  undo(key: number): void {
    const undone = this.#take(key)
    if (!undone) return
    this.#show(undone.ids)
    const route = routeOf(location.hash)
    // Unless somebody has opened something else meanwhile.
    const isLeft = route.page !== 'chat' || route.ids.some((id) => !undone.address.includes(id))
    if (!isLeft && undone.ids.some((id) => undone.address.includes(id))) go(undone.address)
  }

  /** Stops the time while somebody is about to take a deletion back; without `isHeld` it begins anew. */
  hold(isHeld: boolean): void {
    if (this.#isHeld === isHeld) return
    this.#isHeld = isHeld
    for (const timer of this.#timers.values()) clearTimeout(timer)
    if (!isHeld) for (const { key } of this.next.pending) this.#wait(key)
  }

  readonly flush = (): void => {
    for (const { key } of this.next.pending) void this.#send(key, Number.POSITIVE_INFINITY)
  }

  readonly forgetFault = (): void => this.set({ fault: undefined })

  #wait(key: number): void {
    this.#timers.set(
      key,
      setTimeout(() => void this.#send(key, MOST_REQUESTS), UNDO_MS),
    )
  }

  /** Removes a deletion from those that wait. */
  #take(key: number): PendingDeletion | undefined {
    clearTimeout(this.#timers.get(key))
    this.#timers.delete(key)
    const taken = this.next.pending.find((each) => each.key === key)
    if (taken) this.set({ pending: this.next.pending.filter((each) => each !== taken) })
    // Nobody can leave a button that has gone.
    if (this.next.pending.length === 0) this.#isHeld = false
    return taken
  }

  async #send(key: number, mostRequests: number): Promise<void> {
    const sent = this.#take(key)
    if (!sent) return
    const left = [...sent.ids]
    const failed: string[] = []
    let fault = ''
    const work = async () => {
      for (let id = left.shift(); id !== undefined; id = left.shift()) {
        try {
          await deleteJob(id)
        } catch (error) {
          failed.push(id)
          fault = explain(error).message
        }
      }
    }
    await Promise.all(Array.from({ length: Math.min(mostRequests, sent.ids.length) }, work))
    tellDeleted(sent.ids.filter((id) => !failed.includes(id)))
    if (failed.length === 0) return
    this.#show(failed)
    this.set({ fault: `“${sent.name}” was not deleted, and is here again. ${fault}` })
  }

  #hide(ids: readonly string[]): void {
    this.set({ hidden: new Set([...this.next.hidden, ...ids]) })
  }

  #show(ids: readonly string[]): void {
    this.set({ hidden: new Set([...this.next.hidden].filter((id) => !ids.includes(id))) })
  }
}

async function deleteJob(id: string): Promise<void> {
  await parting.delete(id).catch((error: unknown) => {
    // Another tab has deleted the job.
    if (!(error instanceof ApiError && error.status === 404)) throw error
  })
}
