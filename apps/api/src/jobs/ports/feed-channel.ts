import type { JobChange } from './job-changes.ts'

/**
 * Tells the processes that share a store of each other's changes, while one of them has readers. Messages may be lost or come
 * twice: the store is what is true.
 */
export interface FeedChannel {
  /** Whether another process has said in the last seconds that it has readers. */
  readonly isWanted: boolean

  /** Tells the other processes of a change, soon. What cannot be sent is dropped. */
  publish(change: JobChange): void

  /**
   * Says from now on that this process has readers, and gets the changes of other processes.
   * @param onChange called for each of them
   * @returns ends it
   */
  listen(onChange: (change: JobChange) => void): () => void

  /** Releases everything. */
  close(): Promise<void>
}
