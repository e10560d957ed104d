import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'

const LINE = Buffer.from(`${'x'.repeat(400)}\n`)

/** The least that storing can cost: appending one line to a file on the server's disk, and flushing it. */
export class DiskFloor implements AsyncDisposable {
  readonly #folder: string
  readonly #file: FileHandle

  private constructor(folder: string, file: FileHandle) {
    this.#folder = folder
    this.#file = file
  }

  static async open(): Promise<DiskFloor> {
    const folder = await mkdtemp(join(tmpdir(), 'promptlab-bench-'))
    return new DiskFloor(folder, await open(join(folder, 'lines'), 'a'))
  }

  async storeMs(): Promise<number> {
    const startedAt = performance.now()
    await this.#file.write(LINE)
    await this.#file.datasync()
    return performance.now() - startedAt
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
    await rm(this.#folder, { recursive: true })
  }
}
