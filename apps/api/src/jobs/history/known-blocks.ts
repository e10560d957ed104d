import type { JobRepository } from '../ports/job-repository.ts'

/** The most bytes of blocks that are kept. */
const MAX_BYTES = 16 * 1024 * 1024
/** A block that was stored within this time is not stored again, in milliseconds. No sweep takes it for an hour. */
const STORED_GRAIN_MS = 10 * 60 * 1000

/**
 * The blocks that were stored and read last. A block never changes, and a job is read several times: when it runs, when its
 * client asks for it, and with the next turn. 25 files of `jobs.json.items` take 2 ms and more to read.
 */
export class KnownBlocks {
  readonly #store: Pick<JobRepository, 'findItems'>
  /** Those that were used last come last. */
  readonly #bytes = new Map<string, Uint8Array>()
  /** When this process stored blocks, in milliseconds of the process. */
  readonly #storedAt = new Map<string, number>()
  #size = 0

  constructor(store: Pick<JobRepository, 'findItems'>) {
    this.#store = store
  }

  /** Those of the blocks that this process did not store lately. */
  notStored<Block extends { readonly id: string }>(blocks: readonly Block[]): Block[] {
    const before = performance.now() - STORED_GRAIN_MS
    return blocks.filter(({ id }) => (this.#storedAt.get(id) ?? Number.NEGATIVE_INFINITY) < before)
  }

  /** Notes that blocks were stored. */
  stored(blocks: readonly { readonly id: string; readonly bytes: Uint8Array }[]): void {
    for (const { id, bytes } of blocks) {
      this.#add(id, bytes)
      this.#storedAt.set(id, performance.now())
    }
  }

  /** Notes that blocks may be gone. */
  forget(blocks: readonly { readonly id: string }[]): void {
    for (const { id } of blocks) this.#storedAt.delete(id)
  }

  #add(id: string, bytes: Uint8Array): void {
    if (!this.#bytes.delete(id)) this.#size += bytes.length
    this.#bytes.set(id, bytes)
    for (const [oldest, { length }] of this.#bytes) {
      if (this.#size <= MAX_BYTES) break
      this.#bytes.delete(oldest)
      this.#storedAt.delete(oldest)
      this.#size -= length
    }
  }

  /** The bytes of blocks by their ids. Those that are not known are one read. Those that are gone are left out. */
  async findItems(ids: Iterable<string>): Promise<ReadonlyMap<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>()
    const unknown: string[] = []
    for (const id of ids) {
      const bytes = this.#bytes.get(id)
      if (bytes) found.set(id, bytes)
      else unknown.push(id)
    }
    const read = unknown.length === 0 ? [] : await this.#store.findItems(unknown)
    for (const [id, bytes] of read) found.set(id, bytes)
    for (const [id, bytes] of found) this.#add(id, bytes)
    return found
  }
}
