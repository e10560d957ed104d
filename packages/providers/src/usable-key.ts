import { ProviderError } from './provider-error.ts'

/**
 * The key of a call, or an empty text if the vendor needs none.
 * @throws ProviderError there is no key, or no HTTP header can carry it
 */
export function usableKey(provider: string, apiKey: (() => string | undefined) | undefined): string {
  if (!apiKey) return ''
  const key = apiKey()?.trim()
  if (!key) throw new ProviderError(`${provider} has no API key`, { code: 'provider-auth' })
  // Node refuses such a key in a header with an error that quotes the key.
  if (!/^[\x21-\x7e]+$/.test(key)) {
    throw new ProviderError(`${provider} has an API key that is not visible ASCII, so no HTTP header can carry it`, {
      code: 'provider-auth',
    })
  }
  return key
}
