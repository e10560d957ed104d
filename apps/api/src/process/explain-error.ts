import { UnreachableError } from '../base/unreachable-error.ts'
import { withoutCredentials } from '../base/without-credentials.ts'
import { ConfigError } from '../config/config.ts'
import { ImportError } from '../storage/import-error.ts'
import { StoreOpenError } from '../storage/store-open-error.ts'

/** Why a process cannot do what it was started for: a sentence for what an operator can mend, the stack for everything else. */
export function explainError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (SENTENCES.some((type) => error instanceof type)) return error.message
  if ('syscall' in error && (error.syscall === 'listen' || error.syscall === 'getaddrinfo')) {
    return `The server cannot listen: ${error.message}. Set HOST and PORT to an address that is free.`
  }
  return withoutCredentials(error.stack ?? error.message)
}

const SENTENCES = [ConfigError, ImportError, StoreOpenError, UnreachableError]
