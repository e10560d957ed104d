import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { DamagedFileError, describeIssues, type JobChanges, type JobEntries, JobEntry } from '../memory/job-entry.ts'

const NEWLINE = 10
const END = Buffer.of(NEWLINE)

const Removal = z.strictObject({ id: z.string().min(1), removed: z.literal(true) })

/**
 * The changes as lines of a journal, whose format only this file knows. A changed job has the line that it has in
 * `jobs.json`; a removed job has `{"id":"…","removed":true}`. Each line ends with a newline.
 */
export function* journalLines(changes: JobChanges): Generator<Uint8Array> {
  for (const [id, entry] of changes) {
    yield entry?.line ?? Buffer.from(JSON.stringify({ id, removed: true }))
    yield END
  }
}

/**
 * Bytes that can stand at the end of a journal without changing what it says: a line that never ends.
 * @param length in bytes
 */
export function unfinishedLine(length: number): Buffer {
  return Buffer.alloc(length, ' ')
}

/**
 * The jobs as they are after the changes of a journal. Each line is the whole new state of its job, so the last line of a
 * job counts. Changes that the jobs have already may be in the journal too: to apply them again changes nothing.
 * @param path of the journal, for the error
 * @throws DamagedFileError
 */
export function replay(path: string, bytes: Buffer, jobs: JobEntries): JobEntries {
  const entries = new Map(jobs.map((entry) => [entry.id, entry]))
  for (const [id, entry] of journaledChanges(path, bytes)) {
    if (entry) entries.set(id, entry)
    else entries.delete(id)
  }
  return [...entries.values()]
}

/**
 * Reads a journal: the last state of each job in it. A last line without a newline is an append that a crash cut off.
 * The change was not confirmed to anybody, so it is left out, unless only the newline is missing.
 * @param path of the journal, for the error
 * @throws DamagedFileError
 */
export function journaledChanges(path: string, bytes: Buffer): JobChanges {
  const changes = new Map<string, JobEntry | undefined>()
  let start = 0
  for (let number = 1; start < bytes.length; number++) {
    const newline = bytes.indexOf(NEWLINE, start)
    const line = bytes.subarray(start, newline === -1 ? undefined : newline)
    if (newline === -1 && !isWholeJson(line)) break
    const { id, entry } = parseLine(line, { path, place: `line ${number}` })
    changes.set(id, entry)
    start += line.length + 1
  }
  return changes
}

function parseLine(bytes: Buffer, at: { path: string; place: string }): { id: string; entry?: JobEntry } {
  const fault = (what: string) => new DamagedFileError(at.path, `${at.place}: ${what}`)
  if (!isUtf8(bytes)) throw fault('it is not UTF-8 text')
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw fault(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (typeof value === 'object' && value !== null && 'removed' in value) {
    const removal = Removal.safeParse(value)
    if (!removal.success) throw fault(describeIssues(removal.error))
    return { id: removal.data.id }
  }
  const entry = JobEntry.parse(value, new Uint8Array(bytes), at)
  return { id: entry.id, entry }
}

/** Whether only the newline is missing: no part of a JSON object that lacks its end is JSON. */
function isWholeJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'))
    return true
  } catch {
    return false
  }
}
