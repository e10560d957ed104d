import { withoutCredentials } from '../base/without-credentials.ts'

/** All that a log line says of an error. */
interface LoggedError {
  readonly type: string
  readonly code?: string
  readonly message: string
  /** With the stacks of its causes. */
  readonly stack: string
}

/** A chain of causes that is longer than this is cut, as it may go in a circle. */
const MAX_CAUSES = 8

/**
 * An error as it is logged: type, code, message and stack, and no other field. Drivers attach whole commands and rows to their
 * errors, which hold passwords and pieces of answers.
 */
export function loggedError(error: unknown): LoggedError | string {
  if (!(error instanceof Error)) return withoutCredentials(String(error))
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return {
    type: error.name,
    ...(code !== undefined && { code }),
    message: withoutCredentials(error.message),
    stack: withoutCredentials(stackOf(error)),
  }
}

function stackOf(error: Error): string {
  const stacks: string[] = []
  for (let each: unknown = error; each instanceof Error && stacks.length < MAX_CAUSES; each = each.cause) {
    stacks.push(each.stack ?? `${each.name}: ${each.message}`)
  }
  return stacks.join('\ncaused by: ')
}
