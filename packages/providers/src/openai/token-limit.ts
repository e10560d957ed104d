import { isOpenAIAddress } from '../server-address.ts'

/** The names of the limit of the answer's tokens. */
export const TOKEN_LIMITS = ['max_completion_tokens', 'max_tokens'] as const
export type TokenLimit = (typeof TOKEN_LIMITS)[number]

/**
 * The name that the server at this address has for the limit of the answer's tokens.
 *
 * OpenAI deprecated `max_tokens`, and its reasoning models refuse it. Compatible servers ignore or refuse the new name:
 * Ollama lists `max_tokens` only. A request with both names is refused, so the address decides.
 */
export function tokenLimitAt(baseUrl: string): TokenLimit {
  return isOpenAIAddress(baseUrl) ? 'max_completion_tokens' : 'max_tokens'
}
