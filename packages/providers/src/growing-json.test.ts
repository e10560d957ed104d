import { describe, expect, it } from 'vitest'
import { GrowingJson } from './growing-json.ts'

function isWhole(...pieces: readonly string[]): boolean {
  const json = new GrowingJson()
  for (const piece of pieces) json.add(piece)
  return json.isWhole
}

describe('GrowingJson', () => {
  it.each(['{}', ' {"a":1}\n', '{"a":{"b":[1,{}]}}', '{"a":"}"}', '{"a":"\\""}', '{"a":"\\\\"}', '{"🙂":"{["}'])(
    'is whole at the end of %j and not before, wherever it is cut',
    (text) => {
      const end = text.trimEnd().length
      for (let cut = 0; cut <= text.length; cut++) {
        expect(isWhole(text.slice(0, cut))).toBe(cut >= end)
        expect(isWhole(text.slice(0, cut), text.slice(cut))).toBe(true)
      }
    },
  )

  it.each(['', '}', '[]', '"}"', '1', '{]', '{1}', '{"a":1]', '{} {}', '{}}', '{}x', '{}\u00a0'])(
    'is not whole after %j',
    (text) => {
      expect(isWhole(text)).toBe(false)
      expect(isWhole(text, '}')).toBe(false)
    },
  )

  it('parses a text once, however often it grows and is asked', () => {
    const json = new GrowingJson()
    json.add(`{"a":[${'1,'.repeat(500_000)}1]}`)
    const startedAt = performance.now()
    for (let count = 0; count < 100_000; count++) {
      json.add(' ')
      expect(json.isWhole).toBe(true)
    }
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })
})
