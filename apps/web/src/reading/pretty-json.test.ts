import { describe, expect, it } from 'vitest'
import { prettyJson } from './pretty-json.ts'

describe('prettyJson', () => {
  it.each([
    '{"city":"Oslo","days":[1,2,{"a":null}],"b":{},"c":[]}',
    '[]',
    '"a, b: {c} \\" [d]"',
    '-1.5',
    '[[[true]],"\u2028"]',
  ])('formats %s as the browser does', (json) => {
    expect(prettyJson(json)).toBe(JSON.stringify(JSON.parse(json), null, 2))
  })

  it('keeps long numbers, escapes and repeated names as they are written', () => {
    expect(prettyJson('{"id":12345678901234567890,"id":1.0,"s":"\\u00e9"}')).toBe(
      '{\n  "id": 12345678901234567890,\n  "id": 1.0,\n  "s": "\\u00e9"\n}',
    )
  })

  it.each(['', '{"city":"Os', 'not JSON'])('returns %j, which is not JSON, unchanged', (text) => {
    expect(prettyJson(text)).toBe(text)
  })
})
