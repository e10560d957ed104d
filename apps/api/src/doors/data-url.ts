/** Bytes as a part of a message holds them. */
export interface EncodedBytes {
  readonly mediaType: string
  /** Base64 with padding. */
  readonly data: string
}

/** The bytes in a `data:` URL with base64; undefined if the text is none. */
export function dataOfUrl(url: string): EncodedBytes | undefined {
  if (!/^data:/i.test(url)) return undefined
  const comma = url.indexOf(',')
  const [mediaType = '', ...parameters] = url.slice('data:'.length, Math.max(0, comma)).split(';')
  if (parameters.at(-1)?.trim().toLowerCase() !== 'base64') return undefined
  return { mediaType: mediaType.trim().toLowerCase(), data: padded(url.slice(comma + 1)) }
}

/** Some clients leave out the padding. */
export function padded(base64: string): string {
  return base64 + '='.repeat((4 - (base64.length % 4)) % 4)
}
