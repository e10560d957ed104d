/**
 * Names the limit of the answer's tokens as the server at this address does.
 *
 * OpenAI deprecated `max_tokens`, and its reasoning models refuse it. Compatible servers ignore or refuse the new name:
 * Ollama lists `max_tokens` only. A request with both names is refused, so the address decides.
 */
export function tokenLimit(
  maxTokens: number,
  baseUrl: string,
): { max_completion_tokens: number } | { max_tokens: number } {
  const isOpenAI = /(?:^|\.)openai\.(?:com|azure\.com)$/.test(new URL(baseUrl).hostname)
  return isOpenAI ? { max_completion_tokens: maxTokens } : { max_tokens: maxTokens }
}
