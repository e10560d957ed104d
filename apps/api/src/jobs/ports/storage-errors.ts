import { ApiError } from '../../base/api-error.ts'

/** A job with this id exists already. */
export class JobConflictError extends Error {
  override readonly name = 'JobConflictError'

  constructor(id: string) {
    super(`A job with the id ${id} already exists`)
  }
}

/** The job whose conversation should go on was removed. */
export class PreviousJobGoneError extends ApiError {
  override readonly name = 'PreviousJobGoneError'

  /** @param id of the job that is gone: the previous one, or one before it */
  constructor(id: string) {
    super(
      'previous-job-gone',
      `There is no job ${id} any more, and the conversation cannot go on without it. Send its messages instead.`,
    )
  }
}

/** The store does not have an item that a job refers to. */
export class ItemGoneError extends Error {
  override readonly name = 'ItemGoneError'

  constructor(id: string) {
    super(`The store does not have the item ${id}`)
  }
}

/** An item of a job was swept before the job was stored. The same request stores the item again. */
export class ItemSweptError extends ApiError {
  override readonly name = 'ItemSweptError'

  /** @param id of the item */
  constructor(id: string) {
    super('storage-unavailable', 'Content of the messages was removed while the job was created. Send them again.', {
      cause: new ItemGoneError(id),
      retryAfterSeconds: 1,
    })
  }
}

/** A process of an older version shares the store, and could not read the record. */
export class UpgradeUnderWayError extends ApiError {
  override readonly name = 'UpgradeUnderWayError'

  constructor() {
    const message =
      'A server of an older version is still running and could not handle this request. Try again in a moment.'
    super('upgrade-under-way', message, { retryAfterSeconds: 10 })
  }
}

/** The store could not be used. Nothing that it holds is lost. */
export class StorageUnavailableError extends ApiError {
  override readonly name = 'StorageUnavailableError'

  constructor(cause?: unknown) {
    super('storage-unavailable', 'The job store cannot be used right now; nothing was changed. Try again later.', {
      cause,
      retryAfterSeconds: 5,
    })
  }
}
