/**
 * The limit under the name that the server at this address knows.
 *
 * OpenAI deprecated `max_tokens`, and its reasoning models refuse it; compatible servers (Ollama lists only `max_tokens`)
 * ignore or refuse the new name. Sending both is refused as well, so the address decides.
 */
export function tokenLimit(
  maxTokens: number,
  baseURL: string,
): { max_completion_tokens: number } | { max_tokens: number } {
  const isOpenAI = /(?:^|\.)openai\.(?:com|azure\.com)$/.test(new URL(baseURL).hostname)
  return isOpenAI ? { max_completion_tokens: maxTokens } : { max_tokens: maxTokens }
}
