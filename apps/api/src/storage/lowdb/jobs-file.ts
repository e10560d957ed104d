import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Job } from '@promptlab/contract'
import type { Adapter } from 'lowdb'
import { z } from 'zod'
import type { IdempotencyKey } from '../../jobs/job-repository.ts'

/** A job, the key it was created with, and their line in the file, serialised once: jobs are never changed in place. */
export interface JobEntry {
  readonly job: Job
  readonly idempotency?: IdempotencyKey | undefined
  readonly line: string
}

/** What the file holds, by job id, in the order of creation. */
export type JobEntries = ReadonlyMap<string, JobEntry>

export function jobEntry(job: Job, idempotency?: IdempotencyKey): JobEntry {
  return { job, idempotency, line: JSON.stringify(idempotency ? { ...job, idempotency } : job) }
}

/** What a line holds besides the job. */
const LineExtras = z.object({
  idempotency: z.object({ key: z.string(), fingerprint: z.string() }).optional(),
})

const Document = z.strictObject({ version: z.literal(1), jobs: z.array(z.unknown()) })

/** The file is not what this server wrote. The message says where and what; the file was not touched. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError'
}

/**
 * lowdb adapter: one JSON document with one job a line, so that people can read, diff and grep it.
 * A write replaces the file as a whole and returns when the disk has it, so that a crash leaves the old or the new file.
 */
export class JobsFile implements Adapter<JobEntries> {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  /**
   * @returns null when there is no file
   * @throws DamagedFileError
   */
  async read(): Promise<JobEntries | null> {
    try {
      return parse(await readFile(this.#path))
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
      throw error
    }
  }

  async write(entries: JobEntries): Promise<void> {
    const folder = dirname(this.#path)
    const temporary = join(folder, `.${basename(this.#path)}.tmp`)
    try {
      await usingFile(temporary, 'w', async (file) => {
        await file.writeFile(stringify(entries))
        await file.datasync()
      })
      await rename(temporary, this.#path)
    } catch (error) {
      // On a full disk the half-written file would hold the space that the next attempt needs.
      await rm(temporary, { force: true })
      throw error
    }
    // The new name is on disk when the folder is.
    await usingFile(folder, 'r', (file) => file.sync())
  }
}

async function usingFile(path: string, flags: string, use: (file: FileHandle) => Promise<void>): Promise<void> {
  // Prompts and answers are private, so the file is the owner's alone.
  const file = await open(path, flags, 0o600)
  try {
    await use(file)
  } finally {
    await file.close()
  }
}

function stringify(entries: JobEntries): string {
  const lines: string[] = []
  for (const { line } of entries.values()) lines.push(line)
  return `{"version":1,"jobs":[\n${lines.join(',\n')}\n]}\n`
}

function parse(bytes: Buffer): JobEntries {
  const document = Document.safeParse(parseJson(decode(bytes)))
  if (!document.success) throw new DamagedFileError(describe(document.error))
  const entries = new Map<string, JobEntry>()
  for (const [index, value] of document.data.jobs.entries()) {
    const parsed = Job.and(LineExtras).safeParse(value)
    if (!parsed.success) throw new DamagedFileError(`jobs[${index}]: ${describe(parsed.error)}`)
    const { idempotency, ...job } = parsed.data
    if (entries.has(job.id)) throw new DamagedFileError(`jobs[${index}]: the id ${job.id} occurs twice`)
    // The line is made from the value as it was read, so that fields this version does not know survive.
    entries.set(job.id, { job, idempotency, line: JSON.stringify(value) })
  }
  return entries
}

function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new DamagedFileError('it is not UTF-8 text')
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new DamagedFileError(text.trim() === '' ? 'it is empty' : `it is not JSON: ${message}`)
  }
}

function describe({ issues }: z.ZodError): string {
  return issues.map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message)).join('; ')
}
