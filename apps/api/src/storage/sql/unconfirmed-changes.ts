import { StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'

/** Changes that failed, and may have been stored after all. */
export class UnconfirmedChanges {
  readonly #changes = new WeakSet<object>()

  /**
   * Makes a change, of which `true` says that it was stored. A change that failed may have been stored after all: when it is
   * repeated, its condition holds no longer, and then `isStored` finds out.
   */
  async confirmed(next: object, change: () => Promise<boolean>, isStored: () => Promise<boolean>): Promise<boolean> {
    try {
      if (await change()) return true
      return this.#changes.has(next) && (await isStored())
    } catch (error) {
      if (error instanceof StorageUnavailableError) this.#changes.add(next)
      throw error
    }
  }
}
