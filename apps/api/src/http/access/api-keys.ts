import { createHash, timingSafeEqual } from 'node:crypto'

/** An API key of a caller. Only its digest is kept. */
export interface ApiKey {
  /** The caller's name. Two keys of one name are one caller, so that a key can be replaced without a gap. */
  readonly name: string
  /** The SHA-256 of the key. Keys are long and random, so the digest needs no salt and no slow hash. */
  readonly digest: Buffer
}

export function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/**
 * The caller who has the key; undefined if nobody has. All keys are compared, each in constant time, so the duration says
 * nothing about how close a guess was.
 */
export function callerOf(key: string, keys: readonly ApiKey[]): string | undefined {
  const digest = digestOf(key)
  let caller: string | undefined
  for (const each of keys) if (timingSafeEqual(each.digest, digest)) caller ??= each.name
  return caller
}
