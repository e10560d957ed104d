import { StoreOpenError } from '../store-open-error.ts'
import type { DamagedFileError } from './memory/job-entry.ts'

/** What an operator can do about a file of the store that cannot be read. */
export function damagedStore(file: string, cause: DamagedFileError): StoreOpenError {
  if (cause.path !== file) {
    return new StoreOpenError(
      `The journal ${cause.path} of the job store cannot be read: ${cause.message}. It and ${file} were left as they are. ` +
        'Repair it, put a backup of both in their place, or move the journal away to start without the changes in it.',
      cause,
    )
  }
  return new StoreOpenError(
    `The job store ${file} is damaged: ${cause.message}. It was left as it is. ` +
      'Repair it, put a backup in its place, or move it away to start with no jobs.',
    cause,
  )
}
