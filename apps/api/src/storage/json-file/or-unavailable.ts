import { ItemSweptError, StorageUnavailableError } from '../../jobs/ports/storage-errors.ts'

/** @throws StorageUnavailableError the store is closed, or its files could not be used */
export async function orUnavailable<Result>(isClosed: boolean, use: () => Promise<Result>): Promise<Result> {
  if (isClosed) throw new StorageUnavailableError()
  try {
    return await use()
  } catch (cause) {
    throw cause instanceof ItemSweptError ? cause : new StorageUnavailableError(cause)
  }
}
