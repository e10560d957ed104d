import { describe, expect, it } from 'vitest'
import { hasMoreValuesThan, isDeeperThan } from './json-depth.ts'

describe('isDeeperThan', () => {
  it.each([
    ['{"a":[1,{"b":2}]}', 3],
    ['[]', 1],
    ['"[[["', 0],
    ['{"a":"\\"[[[","b":"\\\\"}', 1],
    [']]]]', 0],
    ['', 0],
    ['"[[[ without its end', 0],
  ])('knows that %s is %i levels deep', (text, depth) => {
    expect(isDeeperThan(depth, text)).toBe(false)
    if (depth > 0) expect(isDeeperThan(depth - 1, text)).toBe(true)
  })

  it('takes linear time for a hostile text', () => {
    const backslashes = `"${'\\'.repeat(2_000_000)}`
    expect(isDeeperThan(10, backslashes)).toBe(false)
    expect(isDeeperThan(10, '[1]'.repeat(1_000_000))).toBe(false)
    expect(isDeeperThan(10, '"'.repeat(2_000_000))).toBe(false)
    expect(isDeeperThan(10, '['.repeat(2_000_000))).toBe(true)
  })
})

describe('hasMoreValuesThan', () => {
  it.each([
    ['[1,2,{"a":3}]', 4],
    ['[[],[],[]]', 6],
    ['"[,,,,,,,,,,,"', 0],
    ['{"a":"\\",,,,","b":1,"c":[]}', 4],
  ])('counts the values in %s as %i', (text, count) => {
    expect(hasMoreValuesThan(count, text)).toBe(false)
    if (count > 0) expect(hasMoreValuesThan(count - 1, text)).toBe(true)
  })

  it('takes linear time for a hostile text', () => {
    expect(hasMoreValuesThan(10, `"${'\\'.repeat(2_000_000)}`)).toBe(false)
    expect(hasMoreValuesThan(10, '"'.repeat(2_000_000))).toBe(false)
    expect(hasMoreValuesThan(999_999, '0,'.repeat(1_000_000))).toBe(true)
  })
})
