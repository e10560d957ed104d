import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fromStorable, toStorable } from './storable-text.ts'

const anyText = fc
  .array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\0', '\u0010', '\ud83d', '\ude42', '0010')))
  .map((parts) => parts.join(''))

it('toStorable leaves text unchanged that every store can hold', () => {
  for (const text of ['', 'plain', 'Grüße 🙂\r\n\t\u2028', '\u0001\u007f\ufffd\uffff'])
    expect(toStorable(text)).toBe(text)
})

it('toStorable writes other code units as U+0010 and four hexadecimal digits', () => {
  expect(toStorable('a\0b\ud83dc\u0010')).toBe('a\u00100000b\u0010d83dc\u00100010')
})

it('toStorable and fromStorable give any text back, and what is stored is valid everywhere', () => {
  fc.assert(
    fc.property(anyText, (text) => {
      const stored = toStorable(text)
      expect(stored.isWellFormed()).toBe(true)
      expect(stored).not.toContain('\0')
      expect(fromStorable(stored)).toBe(text)
    }),
  )
})

it('fromStorable decodes pieces that were encoded one by one as one text', () => {
  fc.assert(
    fc.property(anyText, anyText, (first, second) => {
      expect(fromStorable(toStorable(first) + toStorable(second))).toBe(first + second)
    }),
  )
})
