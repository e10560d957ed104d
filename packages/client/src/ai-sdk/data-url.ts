export interface DataUrl {
  /** The media type without its parameters, in lower case; empty if the address has none. */
  readonly mediaType: string
  /** The bytes in base64. */
  readonly base64: string
}

/** Reads a `data:` address; undefined if it is another one. */
export function parseDataUrl(url: string): DataUrl | undefined {
  const comma = url.indexOf(',')
  if (comma === -1 || !/^data:/i.test(url)) return undefined
  const [mediaType = '', ...parameters] = url.slice('data:'.length, comma).split(';')
  const data = url.slice(comma + 1)
  const isBase64 = parameters.at(-1)?.trim().toLowerCase() === 'base64'
  return { mediaType: mediaType.trim().toLowerCase(), base64: isBase64 ? data : base64Of(percentDecoded(data)) }
}

/** The bytes as a `data:` address. */
export async function dataUrlOf(blob: Blob, mediaType: string): Promise<string> {
  return `data:${mediaType};base64,${base64Of(new Uint8Array(await blob.arrayBuffer()))}`
}

function percentDecoded(text: string): Uint8Array {
  const bytes: number[] = []
  const encoded = new TextEncoder().encode(text)
  for (let index = 0; index < encoded.length; index++) {
    const hex = /^%[\da-f]{2}/i.exec(String.fromCharCode(...encoded.subarray(index, index + 3)))
    bytes.push(hex ? Number.parseInt(hex[0].slice(1), 16) : (encoded[index] ?? 0))
    if (hex) index += 2
  }
  return Uint8Array.from(bytes)
}

/** How many bytes become text at once: fewer than the arguments that a function may have. */
const CHUNK = 0x8000

function base64Of(bytes: Uint8Array): string {
  let binary = ''
  for (let start = 0; start < bytes.length; start += CHUNK)
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK))
  return btoa(binary)
}
