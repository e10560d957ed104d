import { statSync } from 'node:fs'
import { mkdir, opendir, readFile, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ItemSweptError } from '../../../jobs/ports/storage-errors.ts'
import type { Item } from '../../../jobs/ports/stored-values.ts'
import { type Disk, isMissing } from './disk.ts'
import { replaceFile } from './replace-file.ts'

/**
 * A file that was touched within this time is not touched again, in milliseconds: a conversation refers to the same files in each
 * turn. `sweep` allows for it.
 */
const TOUCH_GRAIN_MS = 10 * 60 * 1000
/** So many files are written at once. */
const WRITES_AT_ONCE = 8
/** So many files are read at once: the threads of Node.js that read files are four. */
const READS_AT_ONCE = 4

/**
 * The folder `jobs.json.items`: a file for each item, named by its id. The time of its last change says when it was last
 * touched.
 *
 * The folder is flat, so that one flush makes the names of any number of new items durable. A file is written under another
 * name, flushed and renamed, so a file with the name of an item is whole.
 *
 * Only this process uses the folder. A sweep judges an item and begins to remove it without a pause in between. It leaves
 * items alone that are being stored, or belong to a job that is being stored. Those in turn wait for the removal of an item
 * that a sweep has begun to remove.
 */
export class ItemFolder {
  readonly #path: string
  readonly #disk: Disk
  /** How many calls under way rely on each item. */
  readonly #held = new Map<string, number>()
  /** Removals and writes under way. */
  readonly #pending = new Map<string, Promise<void>>()
  #isThere = false

  private constructor(path: string, disk: Disk) {
    this.#path = path
    this.#disk = disk
  }

  /**
   * Opens the folder of a `jobs.json`, if there is one. It is created with the first item.
   * @param jobsPath of the `jobs.json`
   */
  static async open(jobsPath: string, disk: Disk): Promise<ItemFolder> {
    const folder = new ItemFolder(`${jobsPath}.items`, disk)
    if (!statSync(folder.#path, { throwIfNoEntry: false })) return folder
    // A process that was killed may have renamed files whose names are not on disk.
    await disk.syncFolder(folder.#path)
    folder.#isThere = true
    return folder
  }

  /** Writes the items that are missing, and touches the others. Resolves when all of them are on disk. */
  async store(items: readonly Item[]): Promise<void> {
    const unique = new Map(items.map((item) => [item.id, item]))
    await this.#holding([...unique.keys()], async () => {
      const now = new Date()
      const missing: Item[] = []
      for (const item of unique.values()) if (!(await this.#touch(item, now))) missing.push(item)
      if (missing.length > 0) await this.#add(missing)
    })
  }

  async #add(items: readonly Item[]): Promise<void> {
    // Another call may have begun to write some of them.
    const others = items.map(({ id }) => this.#pending.get(id))
    const own = items.filter(({ id }) => !this.#pending.has(id))
    const written = this.#write(own).finally(() => {
      for (const { id } of own) this.#pending.delete(id)
    })
    for (const { id } of own) this.#pending.set(id, written)
    await Promise.all([written, ...others])
  }

  async #write(items: readonly Item[]): Promise<void> {
    if (items.length === 0) return
    await this.#create()
    const queue = items.values()
    const writes = await Promise.allSettled(Array.from({ length: WRITES_AT_ONCE }, () => this.#writeEach(queue)))
    // All have ended: the repeat of a request writes the same files.
    for (const write of writes) if (write.status === 'rejected') throw write.reason
    await this.#disk.syncFolder(this.#path)
  }

  /** The bytes of an item; undefined if there is none with this id. */
  async find(id: string): Promise<Uint8Array | undefined> {
    return isItemId(id) ? await this.#disk.read(this.#fileOf(id)) : undefined
  }

  /** The bytes of items by their ids. */
  async findEach(ids: Iterable<string>): Promise<Map<string, Uint8Array>> {
    const found = new Map<string, Uint8Array>()
    const queue = new Set(ids).values()
    const read = async () => {
      for (let next = queue.next(); !next.done; next = queue.next()) {
        const bytes = await this.find(next.value)
        if (bytes) found.set(next.value, bytes)
      }
    }
    await Promise.all(Array.from({ length: READS_AT_ONCE }, read))
    return found
  }

  /** How many of these items are missing, such as after a restore of `jobs.json` without its folder. */
  async countMissing(ids: Iterable<string>): Promise<number> {
    const missing = new Set(ids)
    for await (const name of this.#names()) missing.delete(name)
    return missing.size
  }

  /** All items, one after the other. */
  async *all(): AsyncGenerator<Item> {
    for await (const id of this.#names()) if (isItemId(id)) yield { id, bytes: await readFile(this.#fileOf(id)) }
  }

  /**
   * Stores a job that refers to items. No sweep removes one of them meanwhile.
   * @param ids of the items
   * @param store is called with a check to be made right before the job is stored, which throws ItemSweptError
   * @param known items that are there. They are not checked
   */
  async keeping<Result>(
    ids: Iterable<string>,
    store: (check: () => void) => Promise<Result>,
    known: readonly string[] = [],
  ): Promise<Result> {
    const checked = [...ids]
    if (checked.length + known.length === 0) return await store(() => {})
    return await this.#holding([...checked, ...known], () =>
      store(() => {
        const gone = checked.find((id) => !this.#disk.statNow(this.#fileOf(id)))
        if (gone !== undefined) throw new ItemSweptError(gone)
      }),
    )
  }

  /**
   * Removes items that nothing refers to and that were last touched before a time.
   * @param time milliseconds since the epoch
   * @param isUsed whether a job refers to an item
   * @returns how many were removed
   */
  async sweep(time: number, limit: number, isUsed: (id: string) => boolean): Promise<number> {
    let removed = 0
    for await (const name of this.#names()) {
      if (removed === limit) break
      if (isUsed(name) || this.#held.has(name) || this.#pending.has(name)) continue
      const status = statSync(this.#fileOf(name), { throwIfNoEntry: false })
      if (!status || status.mtimeMs >= time - TOUCH_GRAIN_MS) continue
      const removal = this.#disk.remove(this.#fileOf(name)).finally(() => this.#pending.delete(name))
      this.#pending.set(name, removal)
      await removal
      // The rest of a write that a crash cut off is no item.
      if (isItemId(name)) removed++
    }
    return removed
  }

  async *#names(): AsyncGenerator<string> {
    if (!this.#isThere) return
    for await (const entry of await opendir(this.#path)) yield entry.name
  }

  /** Touches a file that is there and whole. Returns whether it is. */
  async #touch({ id, bytes }: Item, now: Date): Promise<boolean> {
    const file = this.#fileOf(id)
    const status = this.#disk.statNow(file)
    if (status?.size !== bytes.length) return false
    if (now.getTime() - status.mtimeMs < TOUCH_GRAIN_MS) return true
    try {
      await utimes(file, now, now)
      return true
    } catch (error) {
      if (isMissing(error)) return false
      throw error
    }
  }

  async #create(): Promise<void> {
    if (this.#isThere && this.#disk.statNow(this.#path)) return
    await mkdir(this.#path, { recursive: true, mode: 0o700 })
    await this.#disk.syncFolder(dirname(this.#path))
    this.#isThere = true
  }

  async #writeEach(items: Iterator<Item>): Promise<void> {
    for (let next = items.next(); !next.done; next = items.next()) {
      const { id, bytes } = next.value
      await replaceFile(this.#disk, this.#fileOf(id), [Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)])
    }
  }

  /** While `use` runs, no sweep removes the items. It begins when nothing that is under way changes one of them. */
  async #holding<Result>(ids: readonly string[], use: () => Promise<Result>): Promise<Result> {
    for (const id of ids) this.#held.set(id, (this.#held.get(id) ?? 0) + 1)
    try {
      await Promise.allSettled(ids.map((id) => this.#pending.get(id)))
      return await use()
    } finally {
      for (const id of ids) this.#release(id)
    }
  }

  #release(id: string): void {
    const count = (this.#held.get(id) ?? 0) - 1
    if (count > 0) this.#held.set(id, count)
    else this.#held.delete(id)
  }

  #fileOf(id: string): string {
    return join(this.#path, id)
  }
}

/** Whether a name is that of an item. Any other would be a path. */
function isItemId(name: string): boolean {
  return /^[0-9a-f]{64}$/.test(name)
}
