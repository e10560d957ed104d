import { UnreachableError } from '../base/unreachable-error.ts'
import { UnusableDriverError } from '../base/unusable-driver-error.ts'
import { withoutCredentials } from '../base/without-credentials.ts'
import { ConfigError } from '../config/config.ts'
import { ImportError } from '../storage/import-error.ts'
import { StoreOpenError } from '../storage/store-open-error.ts'

/** The text for an error that ends a process: a sentence if the operator can fix the cause, else the stack. */
export function explainError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (SENTENCES.some((type) => error instanceof type)) return error.message
  if ('syscall' in error && (error.syscall === 'listen' || error.syscall === 'getaddrinfo')) {
    return `The server cannot listen: ${error.message}. Set HOST and PORT to a free address.`
  }
  return withoutCredentials(error.stack ?? error.message)
}

const SENTENCES = [ConfigError, ImportError, StoreOpenError, UnreachableError, UnusableDriverError]
