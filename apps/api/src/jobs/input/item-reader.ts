import type { KeptPart } from '@promptlab/contract'
import type { JobRepository } from '../ports/job-repository.ts'
import { ItemGoneError } from '../ports/storage-errors.ts'

/** Reads the items of one conversation, each of them once. */
export class ItemReader {
  readonly #jobs: Pick<JobRepository, 'findItem'>
  readonly #read = new Map<string, Buffer>()

  constructor(jobs: Pick<JobRepository, 'findItem'>) {
    this.#jobs = jobs
  }

  async text(part: KeptPart): Promise<string> {
    return (await this.#bytes(part)).toString()
  }

  async textOf(part: string | KeptPart): Promise<string> {
    return typeof part === 'string' ? part : await this.text(part)
  }

  async base64(part: KeptPart): Promise<string> {
    return (await this.#bytes(part)).toString('base64')
  }

  /** @throws ItemGoneError the store lost the item */
  async #bytes({ item }: KeptPart): Promise<Buffer> {
    const known = this.#read.get(item)
    if (known) return known
    const bytes = await this.#jobs.findItem(item)
    if (!bytes) throw new ItemGoneError(item)
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#read.set(item, buffer)
    return buffer
  }
}
