import { mkdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { JournaledStore } from '../../src/storage/json-file/disk/journaled-store.ts'
import { CrashDisk, writeFiles } from './crash-disk.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** A journal begins and ends, and is compacted, after a few commits. */
const SMALL = { journalFromBytes: 3_000, slackBytes: 800 }
/** Now and then the disk fails, so that the same change is made again. */
const OPERATIONS_PER_FAILURE = 23
const MAX_TRIES = 20

/**
 * A store whose files are checked at each file operation, as a crash of the process and one of the machine would leave them. Closed
 * when the test ends.
 */
export class CrashingStore {
  readonly path: string
  readonly store: JournaledStore
  readonly #folder: string
  readonly #disk: CrashDisk
  readonly #check: (path: string) => Promise<void>
  readonly #failures: unknown[] = []

  private constructor(
    folder: string,
    path: string,
    disk: CrashDisk,
    store: JournaledStore,
    check: (path: string) => Promise<void>,
  ) {
    this.#folder = folder
    this.path = path
    this.#disk = disk
    this.store = store
    this.#check = check
  }

  /** @param check given the path of the files that a crash would leave */
  static async open(check: (path: string) => Promise<void>): Promise<CrashingStore> {
    const folder = await temporaryFolder()
    const path = join(folder, 'store', 'jobs.json')
    await mkdir(dirname(path))
    const disk = new CrashDisk()
    const store = await JournaledStore.open(path, { ...SMALL, disk })
    onTestFinished(() => store.close())
    const crashing = new CrashingStore(folder, path, disk, store, check)
    let operations = 0
    disk.atStep = async () => {
      operations++
      await crashing.#checkCrashes()
      if (operations % OPERATIONS_PER_FAILURE === 0) throw new Error('no disk')
    }
    return crashing
  }

  /**
   * Makes a commit until the disk takes it.
   * @param commit is called for each try
   */
  async commit(commit: () => Promise<unknown>): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const isStored = await commit().then(
        () => true,
        () => false,
      )
      // As between requests: a compaction goes on meanwhile.
      await new Promise((resolve) => setImmediate(resolve))
      if (isStored) return
    }
    throw new Error('the disk fails for ever')
  }

  /** What the checks found. From now on the disk works, and the last state is checked. */
  async expectNoFailures(): Promise<void> {
    this.#disk.atStep = async () => {}
    expect(this.#failures).toEqual([])
    await this.#checkFiles(this.#disk.afterPowerFailure())
  }

  /** Failures are collected: the store would take an error of a check for one of the disk. */
  async #checkCrashes(): Promise<void> {
    if (this.#failures.length > 0) return
    const note = (when: string) => (error: unknown) => void this.#failures.push(when, error)
    await this.#checkFiles(await this.#disk.afterKill()).catch(note('after a kill'))
    await this.#checkFiles(this.#disk.afterPowerFailure()).catch(note('without power'))
  }

  async #checkFiles(files: ReadonlyMap<string, Buffer>): Promise<void> {
    const image = join(this.#folder, 'image', 'jobs.json')
    await rm(dirname(image), { recursive: true, force: true })
    await writeFiles(dirname(image), files)
    await this.#check(image)
  }
}
