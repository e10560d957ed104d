import { isUtf8 } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import type { JobChanges, JobEntry, RemovedUsage } from '../memory/job-entry.ts'
import { crc32 } from './crc32.ts'

/**
 * The lines of `jobs.json.journal`, whose form only this file knows. `journal-reader.ts` knows what they mean.
 *
 *     CHECKSUM NUMBER KIND JSON
 *
 *     6d1f0c52 40 journal {"format":2,"id":"…"}       the header: the first line, which says what the others follow
 *     0b9a7d13 41 job {"id":"a", … }                  the whole new state of a job, as its line in jobs.json
 *     7c20ad91 42 later-job {"id":"b", … }            the same, where the record has version 3: earlier servers refuse the line
 *     51c9e0d7 43 fallback-job {"id":"c", … }         and where it has version 4, with fallbacks
 *     e80d21b6 44 budget-job {"id":"d", … }           and where it has version 5, with a limit of its cost
 *     2d77c0fe 45 history-job {"id":"e", … }          and where it has version 6, with blocks of messages
 *     f3c58e20 46 append {"id":"a","at":120, … }      what a checkpoint adds to a running job, see `Growth`
 *     95e4b1aa 47 removed {"id":"b","usage":{ … }}    and what the job added to the ledger, if it cost something
 *                                                     (a list, if several providers or models were called)
 *     27c0d6f4 48 end {}                              jobs.json is about to be written without a journal
 *
 * NUMBER counts the changes of the journal, so a line that is missing or in the wrong place is noticed. CHECKSUM is the CRC-32
 * of the rest of the line in 8 hexadecimal digits. It begins with the journal's id, so the lines of two journals cannot be
 * mixed. CRC-32 finds every fault of up to 32 bits in a row, and any other one but with a probability of 1 in 4 billion.
 */
export const NEWLINE = 10
const END = Buffer.of(NEWLINE)
export const JOURNAL_FORMAT = 2

/** The kinds of lines that have the whole new state of a job. */
export const JOB_KINDS = ['job', 'later-job', 'fallback-job', 'budget-job', 'history-job'] as const
type JobKind = (typeof JOB_KINDS)[number]

/** A position in a journal: what `jobs.json` names, and what a header says. */
export interface JournalPoint {
  /** Of the journal; random. */
  readonly id: string
  /** The number of the last change before this position. */
  readonly after: number
}

export function newJournal(): JournalPoint {
  return { id: randomUUID(), after: 0 }
}

/**
 * The checksum of a position, which stands beside it in a `jobs.json` of a version. From version 6 on it says the version, too:
 * one wrong bit makes a 6 of a 2.
 */
export function pointChecksum({ id, after }: JournalPoint, version: number): string {
  return hex(crc32(version > 5 ? `${id} ${after} ${version}` : `${id} ${after}`))
}

/** The first line of a journal whose other lines follow this position. */
export function headerLine({ id, after }: JournalPoint): Buffer {
  return Buffer.concat(seal(0, after, 'journal', JSON.stringify({ format: JOURNAL_FORMAT, id })))
}

/** The line behind a position that says that `jobs.json` will have all changes before it. */
export function endLine({ id, after }: JournalPoint): Buffer {
  return Buffer.concat(seal(seedOf(id), after + 1, 'end', '{}'))
}

/** The lines of changes behind a position, one for each change, in pieces to be written one after the other. */
export function changeLines(
  { id, after }: JournalPoint,
  changes: JobChanges,
  removedUsage: RemovedUsage,
): Uint8Array[] {
  const seed = seedOf(id)
  const pieces: Uint8Array[] = []
  let number = after
  for (const [jobId, entry] of changes) {
    number++
    if (!entry) {
      // In one line: a crash may leave some lines of a commit without the others.
      const usages = removedUsage.get(jobId) ?? []
      const usage = usages.length > 1 ? usages : usages[0]
      pieces.push(...seal(seed, number, 'removed', JSON.stringify({ id: jobId, ...(usage && { usage }) })))
    } else if (entry.growth) pieces.push(...seal(seed, number, 'append', JSON.stringify(entry.growth)))
    else pieces.push(...seal(seed, number, kindOf(entry), entry.line))
  }
  return pieces
}

/** A server that does not know the kind refuses the journal: it would leave out what the record has. */
function kindOf({ recordVersion }: JobEntry): JobKind {
  if (recordVersion > 5) return 'history-job'
  if (recordVersion > 4) return 'budget-job'
  if (recordVersion > 3) return 'fallback-job'
  return recordVersion > 2 ? 'later-job' : 'job'
}

/**
 * Bytes that can stand at the end of a journal without changing what it says: a line that never ends.
 * @param length in bytes
 */
export function unfinishedLine(length: number): Buffer {
  return Buffer.alloc(length, ' ')
}

interface SealedLine {
  readonly number: number
  readonly kind: string
  /** A view of the line. */
  readonly json: Buffer
}

/** With what the checksums of a journal's lines begin. That of its header begins with 0. */
export function seedOf(id: string): number {
  return crc32(id)
}

/** The parts of a line without its newline. Undefined when its checksum is not that of its content. */
export function unseal(line: Buffer, seed: number): SealedLine | undefined {
  const head = /^([0-9a-f]{8}) (\d{1,15}) ([a-z-]+) /.exec(line.toString('latin1', 0, 64))
  if (!head) return undefined
  const [start, checksum, number, kind = ''] = head
  if (hex(crc32(line.subarray(CHECKSUM_LENGTH), seed)) !== checksum) return undefined
  const json = line.subarray(start.length)
  return isUtf8(json) ? { number: Number(number), kind, json } : undefined
}

/** Whether this is the first line of a journal with checksums, damaged or not. A journal without them begins with JSON. */
export function isHeader(line: Buffer): boolean {
  return /^[0-9a-f]{8} /.test(line.toString('latin1', 0, 16))
}

const CHECKSUM_LENGTH = '00000000 '.length

function seal(seed: number, number: number, kind: string, json: string | Uint8Array): Uint8Array[] {
  const head = `${number} ${kind} `
  return [Buffer.from(`${hex(crc32(json, crc32(head, seed)))} ${head}`), toBytes(json), END]
}

function toBytes(json: string | Uint8Array): Uint8Array {
  return typeof json === 'string' ? Buffer.from(json) : json
}

function hex(checksum: number): string {
  return checksum.toString(16).padStart(8, '0')
}
