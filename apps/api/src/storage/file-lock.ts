import { type FileHandle, open, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { tryLock } from 'fs-native-extensions'

/** A lock on a file. The operating system releases it when the process ends, also when it crashes. */
export class FileLock {
  readonly #file: FileHandle

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /**
   * Takes the lock and writes into the file which process holds it. The file is never removed: without it, two processes
   * could lock two files of the same name.
   * @returns the lock, or the process that holds it, as a part of a sentence
   */
  static async acquire(path: string): Promise<FileLock | { heldBy: string }> {
    const file = await open(path, 'a+', 0o600)
    try {
      if (!tryLock(file.fd)) {
        await file.close()
        return { heldBy: (await readFile(path, 'utf8')).trim() || 'another process' }
      }
      await file.truncate()
      await file.write(`process ${process.pid} on ${hostname()}, since ${new Date().toISOString()}\n`)
      return new FileLock(file)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async release(): Promise<void> {
    await this.#file.truncate()
    await this.#file.close()
  }
}
