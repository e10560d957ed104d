import { isUtf8 } from 'node:buffer'
import { z } from 'zod'
import { DamagedFileError, describeIssues, JobEntry } from '../memory/job-entry.ts'
import type { JournalChanges } from './journal-changes.ts'

const Removal = z.strictObject({ id: z.string().min(1), removed: z.literal(true) })

/**
 * Reads the journals of servers before 2026-11-26, which have no header and no checksums. A line is the whole new state of a
 * job, or `{"id":"…","removed":true}`. This version only reads them.
 */
export class FirstJournalReader {
  readonly #path: string
  readonly #changes: JournalChanges
  #lineCount = 0

  /** @param path of the journal, for the error */
  constructor(path: string, changes: JournalChanges) {
    this.#path = path
    this.#changes = changes
  }

  /**
   * Takes a line that ended with a newline.
   * @throws DamagedFileError
   */
  read(line: Buffer): void {
    const at = { path: this.#path, place: `line ${++this.#lineCount}` }
    const fault = (what: string) => new DamagedFileError(at.path, `${at.place}: ${what}`)
    if (!isUtf8(line)) throw fault('it is not UTF-8 text')
    let value: unknown
    try {
      value = JSON.parse(line.toString('utf8'))
    } catch (error) {
      throw fault(`it is not JSON: ${error instanceof Error ? error.message : String(error)}`)
    }
    if (typeof value !== 'object' || value === null || !('removed' in value)) {
      this.#changes.put(JobEntry.parse(value, new Uint8Array(line), at))
      return
    }
    const removal = Removal.safeParse(value)
    if (!removal.success) throw fault(describeIssues(removal.error))
    this.#changes.remove(removal.data.id, [])
  }

  /**
   * Takes the bytes behind the last newline: an append that a crash cut off. The change was not confirmed to anybody, so it
   * is left out, unless only the newline is missing.
   */
  readRest(rest: Buffer): void {
    if (isWholeJson(rest)) this.read(rest)
  }
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
