import { totalmem } from 'node:os'
import { ApiError } from '../../../base/api-error.ts'
import { commandLine } from '../../../base/command-line.ts'

/** The jobs take at most this share of the memory that the process may use. */
const SHARE = 0.25
const LARGEST_BOUND = 1024 ** 3

/**
 * How many bytes of jobs one process keeps in memory: a quarter of what the machine or the container has, at most 1 GiB.
 * Reading them at start takes twice as much for a moment.
 */
export function storeBound(): number {
  const constrained = process.constrainedMemory()
  const memory = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem()
  return Math.min(Math.floor(memory * SHARE), LARGEST_BOUND)
}

/** The store holds as many bytes of jobs as it may. Jobs that it has go on. */
export class StoreFullError extends ApiError {
  override readonly name = 'StoreFullError'

  constructor(maxBytes: number) {
    super(
      'storage-full',
      `The job store holds ${maxBytes} bytes of jobs, the most that a JSON file may. Delete jobs, or have the operator set JOB_RETENTION_HOURS or move to SQLite (${commandLine('import-jobs')}).`,
      { retryAfterSeconds: 60 },
    )
  }
}
