import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { UsageEntry } from '../../../jobs/usage/usage-entry.ts'
import { DamagedFileError, describeIssues, type JobEntries, JobEntry, NewerFileError } from '../memory/job-entry.ts'
import { type JournalPoint, NEWLINE, pointChecksum } from './journal-lines.ts'

/**
 * The layout of `jobs.json`, which only this file knows: one JSON document with one job a line, so that people can read,
 * diff and grep it.
 *
 *     {"version":1,"jobs":[
 *     {"id":"a", … },
 *     {"id":"b", … }
 *     ]}
 *
 * A document without jobs has an empty line between the two others. The version is 2 as soon as a record needs it, see
 * `recordVersionOf`. It is also 2 while changes go to a journal: then the first line names the journal, and the last of its
 * changes that the document has:
 *
 *     {"version":2,"journal":{"id":"…","after":40,"checksum":"5f0c3a91"},"jobs":[
 *
 * The version is 3 as soon as jobs were removed that had cost something. The first line then also has what they added to the
 * ledger. What the other jobs added follows from their records.
 *
 *     {"version":3,"removedUsage":[{"owner":"","provider":"openai", … }],"jobs":[
 *
 * The version is 4 as soon as a record of version 3 needs it, 5 with a record of version 4, 6 with one of version 5, and 7
 * with one of version 6. Then the first line may have a journal and a ledger or not.
 *
 * A server that does not know the version refuses the document. It would leave something out.
 */
const PLAIN_FIRST_LINES = [1, 2, 4, 5, 6, 7].map((version) => Buffer.from(`{"version":${version},"jobs":[`))
const FIRST_LINE_WITH_JOURNAL =
  /^(\{"version":[24567],"journal":\{"id":"[\w-]+","after":\d+,"checksum":"\w+"\},"jobs":\[)$/
const FIRST_LINE_WITH_USAGE = /^\{"version":[34567],.*"jobs":\[$/
const LAST_LINE = Buffer.from(']}')
const COMMA = 44
const LINE_END = Buffer.of(NEWLINE)
const SEPARATOR = Buffer.of(COMMA, NEWLINE)

const jobs = z.array(z.unknown())
const journal = z.strictObject({ id: z.string().min(1), after: z.int().nonnegative(), checksum: z.string() }).optional()

/** What any JSON document with our jobs looks like, however it is laid out. */
const Document = z.discriminatedUnion('version', [
  z.strictObject({ version: z.literal(1), jobs }),
  z.strictObject({ version: z.literal(2), journal, jobs }),
  z.strictObject({ version: z.literal(3), journal, removedUsage: z.array(UsageEntry), jobs }),
  z.strictObject({ version: z.literal([4, 5, 6, 7]), journal, removedUsage: z.array(UsageEntry).optional(), jobs }),
])

/** A document of a later version of this server. */
const NewerDocument = z.looseObject({ version: z.int().min(8) })

/** What `jobs.json` has beside the jobs. */
interface DocumentHead {
  /** The position in the journal up to which the document has the changes. Undefined when there is no journal. */
  readonly journal?: JournalPoint | undefined
  /** What jobs that were removed added to the ledger. */
  readonly removedUsage: readonly UsageEntry[]
}

/** What `jobs.json` has. */
export interface JobsDocument extends DocumentHead {
  readonly entries: JobEntries
}

/** The document is not laid out with one job a line, so a person or another program has edited it. It may still be valid. */
export class EditedDocumentError extends Error {
  override readonly name = 'EditedDocumentError'
}

/** The document in pieces to be written one after the other. */
export function* documentPieces(document: JobsDocument): Generator<Uint8Array> {
  yield firstLineOf(document)
  yield LINE_END
  for (const [index, { line }] of document.entries.entries()) {
    if (index > 0) yield SEPARATOR
    yield line
  }
  yield LINE_END
  yield LAST_LINE
  yield LINE_END
}

function firstLineOf({ entries, journal, removedUsage }: JobsDocument): Buffer {
  const hasUsage = removedUsage.length > 0
  const recordVersion = entries.reduce((version, entry) => Math.max(version, entry.recordVersion), 1)
  const version = recordVersion > 2 ? recordVersion + 1 : hasUsage ? 3 : journal ? 2 : recordVersion
  const name = journal && { id: journal.id, after: journal.after, checksum: pointChecksum(journal, version) }
  const head = { version, ...(name && { journal: name }), ...(hasUsage && { removedUsage }), jobs: [] }
  return Buffer.from(JSON.stringify(head).slice(0, -LAST_LINE.length))
}

/**
 * Reads a document that is in memory as a whole. A document with one job a line is read line by line, because a large one
 * does not fit into a string. An edited document is read as one string.
 * @param path of the document, for the error
 * @throws DamagedFileError
 */
export function parseDocument(path: string, bytes: Buffer): JobsDocument {
  try {
    const lines = new DocumentLines(path)
    const entries = parseEach(path, linesOf(lines, bytes))
    return { entries, ...lines.head }
  } catch (error) {
    if (!(error instanceof EditedDocumentError)) throw error
    const { values, head } = valuesOf(path, bytes)
    return { entries: parseEach(path, values), ...head }
  }
}

/** Takes one job after the other, because the parsed values of all jobs together may not fit into memory. */
function parseEach(path: string, jobs: Iterable<Pick<JobLine, 'value' | 'line'>>): JobEntries {
  const entries = new Map<string, JobEntry>()
  let index = 0
  for (const { value, line } of jobs) {
    const place = `jobs[${index++}]`
    const entry = JobEntry.parse(value, line, { path, place })
    if (entries.has(entry.id)) throw new DamagedFileError(path, `${place}: the id ${entry.id} occurs twice`)
    entries.set(entry.id, entry)
  }
  return [...entries.values()]
}

/**
 * Reads a document chunk by chunk. In memory are one chunk and one line.
 * @param path of the document, for the error
 * @throws EditedDocumentError perhaps after some jobs. Then read the document with `parseDocument`.
 * @throws DamagedFileError
 */
export async function* streamDocument(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<JobEntry> {
  const lines = new DocumentLines(path)
  for await (const chunk of chunks) {
    for (const { value, line, number } of lines.read(chunk)) {
      yield JobEntry.parse(value, line, { path, place: `line ${number}` })
    }
  }
  lines.end()
}

/**
 * Reads the first line of a document.
 * @throws EditedDocumentError as `streamDocument`
 * @throws DamagedFileError
 */
export async function readHead(path: string, chunks: AsyncIterable<Buffer>): Promise<DocumentHead> {
  const lines = new DocumentLines(path)
  for await (const chunk of chunks) {
    // The first line ends before the first job.
    if (!lines.read(chunk).next().done) break
  }
  return lines.head
}

interface JobLine {
  readonly value: unknown
  readonly line: Uint8Array
  /** The line's number in the document, from 1. */
  readonly number: number
}

/** Finds the jobs in a document that arrives in chunks. All methods throw EditedDocumentError. */
class DocumentLines {
  /** What the first line says. */
  head: DocumentHead = { removedUsage: [] }
  readonly #path: string
  /** The beginning of a line whose end is in a later chunk. */
  #rest = Buffer.alloc(0)
  #lineCount = 0
  #jobCount = 0
  /** Whether the last job line ended with a comma, so that another job must follow. */
  #hasComma = false
  #hasEnded = false

  /** @param path of the document, for the error */
  constructor(path: string) {
    this.#path = path
  }

  /** Call this after the last chunk: it checks that the document is complete. */
  end(): void {
    // The last line may lack its newline.
    if (this.#rest.length > 0) this.#readLine(this.#rest)
    if (!this.#hasEnded) throw new EditedDocumentError()
  }

  /** The jobs whose lines end in this chunk. Read all of them before the next chunk. */
  *read(chunk: Buffer): Generator<JobLine> {
    const bytes = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      const job = this.#readLine(bytes.subarray(start, end))
      if (job) yield job
      start = end + 1
    }
    // A copy, because the source may reuse the memory of its chunk.
    this.#rest = Buffer.from(bytes.subarray(start))
  }

  #readLine(line: Buffer): JobLine | undefined {
    const number = ++this.#lineCount
    if (this.#hasEnded) throw new EditedDocumentError()
    if (number === 1) {
      if (!PLAIN_FIRST_LINES.some((plain) => line.equals(plain))) this.head = this.#readHead(line)
      return undefined
    }
    if (line.equals(LAST_LINE)) {
      if (this.#hasComma) throw new EditedDocumentError()
      this.#hasEnded = true
      return undefined
    }
    if (line.length === 0 && this.#jobCount === 0) return undefined
    return this.#readJob(line, number)
  }

  #readHead(line: Buffer): DocumentHead {
    const text = line.toString('utf8')
    if (!FIRST_LINE_WITH_JOURNAL.test(text) && !FIRST_LINE_WITH_USAGE.test(text)) throw new EditedDocumentError()
    return valuesOf(this.#path, Buffer.concat([line, LAST_LINE])).head
  }

  #readJob(line: Buffer, number: number): JobLine {
    if (this.#jobCount++ > 0 && !this.#hasComma) throw new EditedDocumentError()
    this.#hasComma = line.at(-1) === COMMA
    const json = this.#hasComma ? line.subarray(0, -1) : line
    if (!isUtf8(json)) throw new EditedDocumentError()
    try {
      // A copy, because a view would keep the whole chunk in memory for as long as the job is there.
      return { value: JSON.parse(json.toString('utf8')), line: new Uint8Array(json), number }
    } catch (cause) {
      throw new EditedDocumentError(undefined, { cause })
    }
  }
}

/** @throws EditedDocumentError perhaps after some jobs */
function* linesOf(lines: DocumentLines, bytes: Buffer): Generator<JobLine> {
  yield* lines.read(bytes)
  lines.end()
}

function valuesOf(path: string, bytes: Buffer): { values: Pick<JobLine, 'value' | 'line'>[]; head: DocumentHead } {
  const value = parseJson(path, decode(path, bytes))
  if (NewerDocument.safeParse(value).success) throw new NewerFileError(path)
  const document = Document.safeParse(value)
  if (!document.success) throw new DamagedFileError(path, describeIssues(document.error))
  const { data } = document
  const values = data.jobs.map((value) => ({ value, line: new TextEncoder().encode(JSON.stringify(value)) }))
  const removedUsage = 'removedUsage' in data ? (data.removedUsage ?? []) : []
  if (data.version === 1 || !data.journal) return { values, head: { removedUsage } }
  const { id, after, checksum } = data.journal
  if (checksum !== pointChecksum({ id, after }, data.version)) {
    throw new DamagedFileError(path, 'journal: its checksum is wrong, so the first line is damaged')
  }
  return { values, head: { journal: { id, after }, removedUsage } }
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new DamagedFileError(path, 'it is not UTF-8 text')
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new DamagedFileError(path, text.trim() === '' ? 'it is empty' : `it is not JSON: ${message}`)
  }
}
