import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type Disk, type DiskFile, type FileStatus, nodeDisk } from '../../src/storage/json-file/disk/disk.ts'
import { Mutex } from '../../src/storage/json-file/disk/mutex.ts'

interface TrackedFile {
  path: string
  /** The content that would survive a power failure. */
  synced: Buffer
}

/**
 * A real disk for tests. At each step it knows which files would be left if the process were killed, or if the machine lost
 * power. A test can make any operation fail. Each write is done in two halves, with a step in between.
 */
export class CrashDisk implements Disk {
  /** The files that exist, by path. */
  readonly #files = new Map<string, TrackedFile>()
  /** The files that would survive a power failure, by path. */
  #durable = new Map<string, TrackedFile>()
  /** Called before each operation. If it rejects, the operation fails with that error. */
  atStep: (operation: string) => Promise<void> = async () => {}
  readonly #mutex = new Mutex()
  bytesWritten = 0
  largestWrite = 0

  /** Takes the files of a folder as on disk, as after a start of the machine. */
  async adopt(folder: string): Promise<void> {
    for (const name of await readdir(folder)) {
      const path = join(folder, name)
      this.#files.set(path, { path, synced: await readFile(path) })
    }
    this.#durable = new Map(this.#files)
  }

  open(path: string, flags: 'r+' | 'w'): Promise<DiskFile> {
    return this.#step('open', async () => this.#track(path, await nodeDisk.open(path, flags)))
  }

  openDurable(path: string): Promise<DiskFile> {
    return this.#step('open', async () => {
      const file = this.#track(path, await nodeDisk.openDurable(path))
      return {
        ...file,
        write: async (...args) => {
          const written = await file.write(...args)
          await file.datasync()
          return written
        },
      }
    })
  }

  read(path: string): Promise<Buffer | undefined> {
    return nodeDisk.read(path)
  }

  stream(path: string): AsyncIterable<Buffer> {
    return nodeDisk.stream(path)
  }

  statNow(path: string): FileStatus | undefined {
    return nodeDisk.statNow(path)
  }

  rename(from: string, to: string): Promise<void> {
    return this.#step('rename', async () => {
      await nodeDisk.rename(from, to)
      const file = this.#files.get(from)
      if (!file) throw new Error(`${from} was not made here`)
      file.path = to
      this.#files.delete(from)
      this.#files.set(to, file)
    })
  }

  remove(path: string): Promise<void> {
    return this.#step('remove', async () => {
      await nodeDisk.remove(path)
      this.#files.delete(path)
    })
  }

  syncFolder(path: string): Promise<void> {
    return this.#step('syncFolder', async () => {
      await nodeDisk.syncFolder(path)
      this.#durable = new Map(this.#files)
    })
  }

  #track(path: string, handle: DiskFile): DiskFile {
    const file: TrackedFile = this.#files.get(path) ?? { path, synced: Buffer.alloc(0) }
    this.#files.set(path, file)
    return {
      read: (bytes, offset, length, position) => handle.read(bytes, offset, length, position),
      stat: () => handle.stat(),
      close: () => handle.close(),
      write: async (bytes, offset, length, position) => {
        this.bytesWritten += length
        this.largestWrite = Math.max(this.largestWrite, length)
        const half = length >> 1
        if (half > 0) await this.#step('write', () => handle.write(bytes, offset, half, position))
        await this.#step('write', () => handle.write(bytes, offset + half, length - half, position + half))
        return { bytesWritten: length }
      },
      truncate: (length) => this.#step('truncate', () => handle.truncate(length)),
      datasync: () =>
        this.#step('datasync', async () => {
          await handle.datasync()
          file.synced = await readFile(file.path)
        }),
    }
  }

  /** Runs one operation at a time, so that a test at a step sees the files as they are at one moment. */
  #step<Result>(operation: string, act: () => Promise<Result>): Promise<Result> {
    return this.#mutex.run(async () => {
      await this.atStep(operation)
      return await act()
    })
  }

  /** The files that a kill would leave, by name: everything that was written. */
  async afterKill(): Promise<Map<string, Buffer>> {
    const files = new Map<string, Buffer>()
    for (const path of this.#files.keys()) files.set(basename(path), await readFile(path))
    return files
  }

  /** The least that a power failure would leave, by name: content and names that were flushed. */
  afterPowerFailure(): Map<string, Buffer> {
    return new Map([...this.#durable].map(([path, { synced }]) => [basename(path), synced]))
  }
}

/** Writes the files that a crash left into a folder. */
export async function writeFiles(folder: string, files: ReadonlyMap<string, Buffer>): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, content] of files) await writeFile(join(folder, name), content)
}
