import { z } from 'zod'
import { UsageEntry } from '../../../jobs/usage/usage-entry.ts'
import { Growth } from '../memory/growth.ts'
import { DamagedFileError, describeIssues, JobEntry, NewerFileError } from '../memory/job-entry.ts'
import { FirstJournalReader } from './first-journal.ts'
import { JournalChanges } from './journal-changes.ts'
import { isHeader, JOB_KINDS, JOURNAL_FORMAT, type JournalPoint, NEWLINE, seedOf, unseal } from './journal-lines.ts'

export interface JournalContent {
  /** The changes that `jobs.json` lacks. */
  readonly changes: JournalChanges
  /** The position behind the last line. Undefined for a journal of the first format, which has none. */
  readonly end?: JournalPoint | undefined
}

/**
 * Reads the journal of a `jobs.json`. In memory are one chunk, one line, and the jobs that change.
 *
 * Bytes behind the last newline are an append that a crash cut off. The change was not confirmed to anybody, so they are left
 * out, unless only the newline is missing.
 * @param path of the journal, for the error
 * @param named the position up to which `jobs.json` has the changes; undefined if it names no journal
 * @throws DamagedFileError
 */
export async function readJournal(
  path: string,
  chunks: AsyncIterable<Buffer>,
  named: JournalPoint | undefined,
): Promise<JournalContent> {
  const changes = new JournalChanges()
  const lines = splitLines(chunks)
  const first = await lines.next()
  if (!named && (first.done || !isHeader(first.value.bytes))) {
    const reader = new FirstJournalReader(path, changes)
    for (let line = first; !line.done; line = await lines.next()) {
      if (line.value.isWhole) reader.read(line.value.bytes)
      else reader.readRest(line.value.bytes)
    }
    return { changes }
  }
  const reader = new JournalReader(path, changes, named)
  for (let line = first; !line.done; line = await lines.next()) {
    if (line.value.isWhole) reader.read(line.value.bytes)
    else reader.readRest(line.value.bytes)
  }
  return { changes, end: reader.finish() }
}

const Header = z.object({ format: z.int(), id: z.string().min(1) })
const Usage = z.union([UsageEntry, z.array(UsageEntry)])
const Removal = z.strictObject({ id: z.string().min(1), usage: Usage.default([]) })

class JournalReader {
  readonly #path: string
  readonly #changes: JournalChanges
  readonly #named: JournalPoint | undefined
  /** Undefined before the header. */
  #position: { readonly id: string; readonly seed: number; after: number } | undefined
  #lineCount = 0
  /** Whether the last line is the header or an `end`: then a `jobs.json` that names no journal has all changes. */
  #isEnded = true

  constructor(path: string, changes: JournalChanges, named: JournalPoint | undefined) {
    this.#path = path
    this.#changes = changes
    this.#named = named
  }

  read(line: Buffer): void {
    this.#lineCount++
    if (!this.#position) {
      this.#readHeader(line)
      return
    }
    const sealed = unseal(line, this.#position.seed)
    if (!sealed) throw this.#fault('its checksum is wrong, so the line is damaged')
    const expected = this.#position.after + 1
    if (sealed.number !== expected) {
      throw this.#fault(`it has the number ${sealed.number} instead of ${expected}: lines are missing or out of order`)
    }
    this.#position.after = expected
    this.#isEnded = sealed.kind === 'end'
    // A jobs.json that names no journal has all its changes, or `finish` refuses the journal.
    if (this.#named && expected > this.#named.after) this.#apply(sealed.kind, sealed.json)
  }

  readRest(rest: Buffer): void {
    const seed = this.#position?.seed
    if (seed === undefined) return
    if (unseal(rest, seed)) this.read(rest)
    else if (unseal(rest.subarray(0, -1), seed)) {
      this.#lineCount++
      throw this.#fault('its last byte is no newline, so the line is damaged')
    }
  }

  /** @returns the position behind the last line */
  finish(): JournalPoint {
    if (!this.#position) throw new DamagedFileError(this.#path, 'its first line is missing')
    const { id, after } = this.#position
    if (!this.#named && !this.#isEnded) {
      throw new DamagedFileError(
        this.#path,
        'it has changes, but jobs.json names no journal: they are not of one moment',
      )
    }
    if (this.#named && after < this.#named.after) {
      throw new DamagedFileError(
        this.#path,
        `it ends with change ${after}, but jobs.json has the changes up to ${this.#named.after}: its end is missing`,
      )
    }
    return { id, after }
  }

  #readHeader(line: Buffer): void {
    const sealed = unseal(line, 0)
    if (sealed?.kind !== 'journal')
      throw this.#fault('it is no header, so the beginning of the journal is missing or damaged')
    const { format, id } = this.#parse(Header, sealed.json)
    if (format !== JOURNAL_FORMAT) throw new NewerFileError(this.#path)
    if (this.#named && id !== this.#named.id) {
      throw this.#fault(`it has the id ${id}, but jobs.json names the journal ${this.#named.id}`)
    }
    if (this.#named && sealed.number > this.#named.after) {
      throw this.#fault(
        `the journal begins behind change ${sealed.number}, but jobs.json has the changes up to ${this.#named.after}: changes are missing`,
      )
    }
    this.#position = { id, seed: seedOf(id), after: sealed.number }
  }

  #apply(kind: string, json: Buffer): void {
    const at = { path: this.#path, place: this.#place }
    if (JOB_KINDS.some((job) => job === kind))
      this.#changes.put(JobEntry.parse(this.#parseJson(json), new Uint8Array(json), at))
    else if (kind === 'append') this.#changes.append(this.#parse(Growth, json), at)
    else if (kind === 'removed') this.#remove(this.#parse(Removal, json))
    else if (kind !== 'end') throw new NewerFileError(this.#path)
  }

  #remove({ id, usage }: z.infer<typeof Removal>): void {
    this.#changes.remove(id, Array.isArray(usage) ? usage : [usage])
  }

  #parse<Value>(schema: z.ZodType<Value>, json: Buffer): Value {
    const parsed = schema.safeParse(this.#parseJson(json))
    if (parsed.success) return parsed.data
    // The checksum is right, so the line is as it was written: a newer version gave the field a meaning.
    const isNewer = parsed.error.issues.every(({ code }) => code === 'unrecognized_keys')
    throw isNewer ? new NewerFileError(this.#path) : this.#fault(describeIssues(parsed.error))
  }

  #parseJson(json: Buffer): unknown {
    try {
      return JSON.parse(json.toString('utf8'))
    } catch (error) {
      throw this.#fault(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`)
    }
  }

  get #place(): string {
    return `line ${this.#lineCount}`
  }

  #fault(what: string): DamagedFileError {
    return new DamagedFileError(this.#path, `${this.#place}: ${what}`)
  }
}

interface Line {
  /** Without the newline. Valid until the next line is taken. */
  readonly bytes: Buffer
  /** Whether a newline follows. Only the last line may lack it. */
  readonly isWhole: boolean
}

async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line, undefined> {
  /** The beginning of a line whose end is in a later chunk. */
  let pieces: Buffer[] = []
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      const last = chunk.subarray(start, end)
      yield { bytes: pieces.length > 0 ? Buffer.concat([...pieces, last]) : last, isWhole: true }
      pieces = []
      start = end + 1
    }
    // A copy, because the source may reuse the memory of its chunk.
    if (start < chunk.length) pieces.push(Buffer.from(chunk.subarray(start)))
  }
  if (pieces.length > 0) yield { bytes: Buffer.concat(pieces), isWhole: false }
  return undefined
}
