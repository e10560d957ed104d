import { type FileHandle, open, readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { tryLock } from 'fs-native-extensions'

/** A lock that the operating system takes back when the process ends, however it ends. */
export class FileLock {
  readonly #file: FileHandle

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /**
   * Takes the lock and writes into the file who holds it. The file stays when the lock is given up: removing it would
   * let two processes lock two files of the same name.
   * @returns the lock, or a sentence about who holds it
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
