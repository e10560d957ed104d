import { StoreOpenError } from '../store-open-error.ts'
import { type DamagedFileError, NewerFileError } from './memory/job-entry.ts'

/** The error for an operator about a file of the store that cannot be read. It says what to do. */
export function damagedStore(file: string, cause: DamagedFileError): StoreOpenError {
  if (cause instanceof NewerFileError) {
    return new StoreOpenError(
      `The job store ${cause.path} was made by a newer version of this server. The file is unchanged. ` +
        'Use that version, or a newer one.',
      cause,
    )
  }
  if (cause.path !== file) {
    return new StoreOpenError(
      `The journal ${cause.path} of the job store cannot be used: ${cause.message}. The journal and ${file} are unchanged. ` +
        'Keep copies of both, then restore both from one backup. Or start without the changes of the journal: move it away, ' +
        `and make {"version":1,"jobs":[ the first line of ${file}.`,
      cause,
    )
  }
  return new StoreOpenError(
    `The job store ${file} is damaged: ${cause.message}. The file is unchanged. ` +
      'Repair it, restore it from a backup, or move it away to start without jobs.',
    cause,
  )
}
