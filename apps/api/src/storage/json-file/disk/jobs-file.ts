import { isUtf8 } from 'node:buffer'
import { dirname } from 'node:path'
import type { Adapter } from 'lowdb'
import { z } from 'zod'
import { DamagedFileError, describeIssues, type JobEntries, JobEntry } from '../memory/job-entry.ts'
import { chunksOf, type Disk } from './disk.ts'
import { replaceFile } from './replace-file.ts'

const HEAD = Buffer.from('{"version":1,"jobs":[\n')
const SEPARATOR = Buffer.from(',\n')
const TAIL = Buffer.from('\n]}\n')
const NEWLINE = 10
const COMMA = 44

const Document = z.strictObject({ version: z.literal(1), jobs: z.array(z.unknown()) })

/**
 * lowdb adapter: one JSON document with one job a line, so that people can read, diff and grep it.
 * A write replaces the file as a whole and returns when the disk has it, so that a crash leaves the old or the new file.
 */
export class JobsFile implements Adapter<JobEntries> {
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
  async read(): Promise<JobEntries | null> {
    const bytes = await this.#disk.read(this.#path)
    return bytes ? parse(this.#path, bytes) : null
  }

  async write(entries: JobEntries): Promise<void> {
    await replaceFile(this.#disk, this.#path, chunksOf(piecesOf(entries)))
    // The new name is on disk when the folder is.
    await this.#disk.syncFolder(dirname(this.#path))
  }
}

function* piecesOf(entries: JobEntries): Generator<Uint8Array> {
  yield HEAD
  for (const [index, { line }] of entries.entries()) {
    if (index > 0) yield SEPARATOR
    yield line
  }
  yield TAIL
}

function parse(path: string, bytes: Buffer): JobEntries {
  const entries = new Map<string, JobEntry>()
  let index = 0
  for (const { value, line } of parseLines(bytes) ?? parseDocument(path, bytes)) {
    const place = `jobs[${index++}]`
    const entry = JobEntry.parse(value, line, { path, place })
    const { id } = entry
    if (entries.has(id)) throw new DamagedFileError(path, `${place}: the id ${id} occurs twice`)
    entries.set(id, entry)
  }
  return [...entries.values()]
}

interface ParsedLine {
  readonly value: unknown
  readonly line: Uint8Array
}

/**
 * What the file holds if it is laid out as this server does it; `undefined` if not.
 * A large file does not fit into one string, so it is read line by line.
 */
function parseLines(bytes: Buffer): ParsedLine[] | undefined {
  const end = bytes.length - TAIL.length
  if (end < HEAD.length || !bytes.subarray(0, HEAD.length).equals(HEAD) || !bytes.subarray(end).equals(TAIL)) return
  if (!isUtf8(bytes)) return
  const parsed: ParsedLine[] = []
  for (let start = HEAD.length; start < end; ) {
    const newline = bytes.indexOf(NEWLINE, start)
    const isLast = newline === end
    // A copy, so that one job that stays does not keep the whole file in memory.
    const line = new Uint8Array(bytes.subarray(start, isLast ? end : newline - 1))
    const value = isLast || bytes[newline - 1] === COMMA ? parseJson(line) : undefined
    // Somebody else wrote this, or broke it: as a whole it is read, or found to be broken and where.
    if (value === undefined) return
    parsed.push({ value, line })
    start = newline + 1
  }
  return parsed
}

function parseJson(line: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(line))
  } catch {
    return undefined
  }
}

function parseDocument(path: string, bytes: Buffer): ParsedLine[] {
  const document = Document.safeParse(parseText(path, decode(path, bytes)))
  if (!document.success) throw new DamagedFileError(path, describeIssues(document.error))
  return document.data.jobs.map((value) => ({ value, line: new TextEncoder().encode(JSON.stringify(value)) }))
}

function decode(path: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new DamagedFileError(path, 'it is not UTF-8 text')
  }
}

function parseText(path: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    throw new DamagedFileError(path, text.trim() === '' ? 'it is empty' : `it is not JSON: ${message}`)
  }
}
