import { dirname } from 'node:path'
import type { Adapter } from 'lowdb'
import { chunksOf, type Disk } from './disk.ts'
import { documentPieces, type JobsDocument, parseDocument } from './jobs-document.ts'
import { replaceFile } from './replace-file.ts'

/**
 * The adapter with which lowdb reads and writes `jobs.json`. A write replaces the whole file and returns when it is on disk,
 * so a crash leaves either the old file or the new one.
 */
export class JobsFile implements Adapter<JobsDocument> {
  readonly #path: string
  readonly #disk: Disk

  constructor(path: string, disk: Disk) {
    this.#path = path
    this.#disk = disk
  }

  /**
   * @returns null when there is no file
   * @throws DamagedFileError
   */
  async read(): Promise<JobsDocument | null> {
    const bytes = await this.#disk.read(this.#path)
    return bytes ? parseDocument(this.#path, bytes) : null
  }

  async write(document: JobsDocument): Promise<void> {
    await replaceFile(this.#disk, this.#path, chunksOf(documentPieces(document)))
    // The rename is on disk only when its folder is.
    await this.#disk.syncFolder(dirname(this.#path))
  }
}
