import zlib from 'node:zlib'
import { expect, it } from 'vitest'
import { crc32, tableCrc32 } from './crc32.ts'

it('computes what zlib computes, of texts and bytes, also in parts', () => {
  expect(crc32).toBe(zlib.crc32)
  for (const data of ['', 'a', 'wörd🙂', 'x'.repeat(1000), Buffer.from([0, 255, 128, 7])]) {
    expect(tableCrc32(data)).toBe(zlib.crc32(data))
    expect(tableCrc32(data, tableCrc32('before'))).toBe(zlib.crc32(data, zlib.crc32('before')))
  }
})
