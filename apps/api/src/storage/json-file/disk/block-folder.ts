import { readBlock } from '../../../jobs/history/shared-history.ts'
import type { StoredJob } from '../../../jobs/job.ts'
import { itemSizes } from '../../../jobs/kept-parts.ts'
import type { HistoryBlock } from '../../../jobs/ports/stored-values.ts'
import type { ItemFolder } from './item-folder.ts'

/** The jobs of a store, as far as they refer to items and blocks. */
interface UsedContent {
  /** The blocks that refer to items. */
  readonly blocks: Iterable<string>
  usesItem(id: string): boolean
}

/** So long after a block was stored, its job may be on its way. */
const RECENT_MS = 3_600_000

/**
 * The blocks of messages in the folder of the items: a file for each block, as for an item. The items of a block are known in
 * memory from when it is stored, or from when a sweep has read its file. So a sweep judges an item by the jobs that there are at
 * that moment.
 */
export class BlockFolder {
  readonly #folder: ItemFolder
  readonly #jobs: UsedContent
  /** The items of blocks. */
  readonly #items = new Map<string, readonly string[]>()
  /** The blocks that refer to an item. */
  readonly #blocks = new Map<string, Set<string>>()
  /** When blocks were stored, in milliseconds since the epoch. */
  readonly #storedAt = new Map<string, number>()

  constructor(folder: ItemFolder, jobs: UsedContent) {
    this.#folder = folder
    this.#jobs = jobs
  }

  /**
   * Writes the blocks that are missing, and touches the others. Resolves when all of them are on disk.
   * @throws ItemSweptError an item of a block is gone
   */
  async store(blocks: readonly HistoryBlock[]): Promise<void> {
    const now = Date.now()
    for (const { id, items } of blocks) {
      this.#add(id, [...items.keys()])
      this.#storedAt.set(id, now)
    }
    const unused = blocks.filter(({ id }) => !this.#jobs.usesItem(id)).map(({ id }) => id)
    await this.#folder.keeping(this.#itemsOf(unused), async (checkItems) => {
      checkItems()
      await this.#folder.store(blocks)
    })
  }

  /** Stores a job as `ItemFolder.keeping` says. No sweep removes a block of it, or an item of such a block, meanwhile. */
  keeping<Result>(job: StoredJob, store: (checkItems: () => void) => Promise<Result>): Promise<Result> {
    const { history = [] } = job
    const blocks = history.map(({ item }) => item)
    // Another job has kept the items of the others until now.
    const unused = blocks.filter((id) => !this.#jobs.usesItem(id))
    const checked = [...itemSizes(job).keys(), ...this.#itemsOf(unused)]
    return this.#folder.keeping(checked, store, this.#itemsOf(blocks))
  }

  /**
   * Removes items and blocks to which no job and no block of a job refers, and that were last touched before a time.
   * @param time milliseconds since the epoch
   * @returns how many were removed
   */
  async sweep(time: number, limit: number): Promise<number> {
    this.#forget()
    for (const id of this.#jobs.blocks) if (!this.#items.has(id)) this.#add(id, await this.#read(id))
    return await this.#folder.sweep(time, limit, (id) => this.#isUsed(id))
  }

  #isUsed(id: string): boolean {
    if (this.#jobs.usesItem(id)) return true
    for (const block of this.#blocks.get(id) ?? []) if (this.#jobs.usesItem(block)) return true
    return false
  }

  #itemsOf(blocks: readonly string[]): string[] {
    return blocks.flatMap((id) => this.#items.get(id) ?? [])
  }

  async #read(block: string): Promise<string[]> {
    const bytes = await this.#folder.find(block)
    return bytes ? [...itemSizes(readBlock(bytes)).keys()] : []
  }

  #add(block: string, items: readonly string[]): void {
    if (this.#items.has(block)) return
    this.#items.set(block, items)
    for (const item of items) this.#blocks.set(item, (this.#blocks.get(item) ?? new Set()).add(block))
  }

  /** Forgets blocks of jobs that were removed. */
  #forget(): void {
    const before = Date.now() - RECENT_MS
    for (const [id, storedAt] of this.#storedAt) if (storedAt < before) this.#storedAt.delete(id)
    for (const [id, items] of this.#items) {
      if (this.#jobs.usesItem(id) || this.#storedAt.has(id)) continue
      this.#items.delete(id)
      for (const item of items) {
        const blocks = this.#blocks.get(item)
        blocks?.delete(id)
        if (blocks?.size === 0) this.#blocks.delete(item)
      }
    }
  }
}
