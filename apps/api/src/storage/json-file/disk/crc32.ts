import zlib from 'node:zlib'

/** The CRC-32 of all byte values, for polynomial 0xedb88320. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0)
  return remainder
})

/** The CRC-32 of a text in UTF-8, or of bytes. It goes on from the CRC of what is before them. For Node.js 20, which has none. */
export function tableCrc32(data: string | Uint8Array, before = 0): number {
  let crc = ~before
  for (const byte of typeof data === 'string' ? Buffer.from(data) : data) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ byte) & 0xff] ?? 0)
  }
  return ~crc >>> 0
}

/** The same by zlib, where Node.js has it. */
export const crc32: typeof tableCrc32 = zlib.crc32 ?? tableCrc32
