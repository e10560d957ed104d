import { statSync } from 'node:fs'
import { commandLine } from '../../base/command-line.ts'
import { StoreOpenError } from '../store-open-error.ts'

/**
 * A file that does not fit into memory would end the process, and every later start again. The journal is read line by line,
 * and takes no more memory than the jobs that it changes.
 * @throws StoreOpenError
 */
export async function refuseTooLarge(file: string, maxBytes: number): Promise<void> {
  const bytes = statSync(file, { throwIfNoEntry: false })?.size ?? 0
  if (bytes <= maxBytes * 2) return
  throw new StoreOpenError(
    `The job store ${file} holds ${bytes} bytes, and this process has memory for ${maxBytes * 2}. ` +
      `Move it to SQLite (${commandLine('import-jobs --from jobs.json --to sqlite:jobs.db')}), or give the process more memory.`,
  )
}
