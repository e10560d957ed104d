import { createHash, timingSafeEqual } from 'node:crypto'

/** A key that a caller may show. The key itself is not kept. */
export interface ApiKey {
  /** The caller's name: two keys of one name are one caller, so that a key can be replaced without a gap. */
  readonly name: string
  /** SHA-256 of the key. Keys are long and random, so it needs no salt and no slow hash. */
  readonly digest: Buffer
}

export function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/**
 * The caller whose key it is. All keys are compared, each in constant time: how long it takes tells nothing of how right a
 * guess was, or of whose key is which.
 */
export function callerOf(key: string, keys: readonly ApiKey[]): string | undefined {
  const digest = digestOf(key)
  let caller: string | undefined
  for (const each of keys) if (timingSafeEqual(each.digest, digest)) caller ??= each.name
  return caller
}
