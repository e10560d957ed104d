import { describe, expect, it } from 'vitest'
import { jsonFaultText, readJson } from './json-text.ts'

const faultOf = (text: string) => {
  const { fault } = readJson(text)
  return fault && jsonFaultText(fault)
}

describe('readJson', () => {
  it.each([
    ['{"a": 1,}', 'Line 1, column 8: Remove the comma before }.'],
    ['[1\n 2]', 'Line 2, column 2: A comma is missing before this.'],
    ["{'a': 1}", 'Line 1, column 2: Expected a name in double quotes here.'],
    ['{a: 1}', 'Line 1, column 2: Put the name "a" in double quotes.'],
    ['{"a" 1}', 'Line 1, column 6: A colon is missing after the name "a".'],
    ['{"a": True}', 'Line 1, column 7: "True" is no value. Put texts in double quotes.'],
    ["['x']", 'Line 1, column 2: Put texts in straight double quotes.'],
    ['[01]', 'Line 1, column 2: "01" is not a number that JSON knows.'],
    ['{\n  "a": [1, 2\n', 'Line 3, column 1: The [ of line 2 has no ].'],
    ['["a\nb"]', 'Line 1, column 2: This text has no closing quote. Write a line break as \\n.'],
    ['["a\\d"]', 'Line 1, column 4: A backslash must be written twice: \\\\.'],
    ['[1] // one', 'Line 1, column 5: The JSON has already ended here. Remove what follows.'],
    ['[ // one\n1]', 'Line 1, column 3: JSON has no comments. Remove this one.'],
    ['[1}', 'Line 1, column 3: Expected ], not }.'],
    ['  ', 'Line 1, column 3: A value is missing at the end.'],
  ])('says what is wrong in %j', (text, sentence) => {
    expect(faultOf(text)).toBe(sentence)
  })

  it('finds a fault in exactly the texts that are no JSON', () => {
    const text = '{"a":[1,-2.5e3,true,null],"b":{"c":"x\\n\\u00e9"},"d":[]}'
    const pieces = ['', ',', '"', '}', ']', '{', '0', '\\', ' ', 'n', '-', ':', '\t']
    for (let at = 0; at < text.length; at++) {
      for (const piece of pieces) {
        const changed = text.slice(0, at) + piece + text.slice(at + 1)
        expect([changed, readJson(changed).fault !== undefined]).toEqual([changed, !isJson(changed)])
      }
    }
  })

  it('knows the line of each value, and of the nearest one above a path that is not there', () => {
    const read = readJson('{\n  "a": [\n    1,\n    {"b": 2}\n  ]\n}')
    if (read.fault) throw new Error('There is no fault.')
    expect([[], ['a'], ['a', 1, 'b'], ['a', 9], ['z']].map(read.lineOf)).toEqual([1, 2, 4, 2, 1])
  })

  it('refuses JSON that is nested too deeply to be read', () => {
    expect(faultOf('['.repeat(10_000))).toMatch(/nested more than 200 levels/)
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
