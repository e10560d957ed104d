import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'
import { CommitPace } from '../commit-pace.ts'
import { GroupCommit } from '../group-commit.ts'
import type { JournaledStore } from './disk/journaled-store.ts'
import { Draft } from './memory/draft.ts'

/** After a write within this time the store counts as writable, in milliseconds. */
const FRESH_MS = 5_000

/** Applies changes to drafts and commits them: steps 1 to 3 of the picture at `JsonFileJobRepository`. */
export class DraftWriter {
  readonly #store: JournaledStore
  readonly #pace = new CommitPace()
  readonly #writes = new GroupCommit<(draft: Draft) => void>(
    (changes) => this.#commit(changes),
    () => this.#pace.wait(),
  )
  #isWritable = true
  #writtenAt = Number.NEGATIVE_INFINITY
  #isClosed = false

  constructor(store: JournaledStore) {
    this.#store = store
  }

  /** Adds a change to the next commit. Resolves with what `decide` returned, once the commit is on disk. */
  async change<Result>(decide: (draft: Draft) => Result): Promise<Result> {
    if (this.#isClosed) throw new StorageUnavailableError()
    let outcome: (() => Result) | undefined
    await this.#writes.submit((draft) => {
      try {
        const result = decide(draft)
        outcome = () => result
      } catch (error) {
        outcome = () => {
          throw error
        }
      }
    })
    if (!outcome) throw new Error('The change was committed without being applied')
    return outcome()
  }

  /**
   * Checks that the disk takes writes. After a failed write, only a write that succeeds shows that it works again.
   * @throws StorageUnavailableError
   */
  async checkWritable(): Promise<void> {
    if (!this.#isWritable || performance.now() - this.#writtenAt > FRESH_MS)
      await this.#writes.submit((draft) => draft.touch())
  }

  /** Refuses further changes, and waits for those under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#writes.idle()
  }

  async #commit(changes: readonly ((draft: Draft) => void)[]): Promise<void> {
    const draft = new Draft(this.#store.jobs)
    for (const apply of changes) apply(draft)
    if (!draft.isTouched) return
    try {
      await this.#store.commit(draft.changes, draft.removedUsage)
    } catch (cause) {
      this.#isWritable = false
      throw new StorageUnavailableError(cause)
    }
    this.#isWritable = true
    this.#writtenAt = performance.now()
  }
}
