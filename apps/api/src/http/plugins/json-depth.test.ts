import { expect, it } from 'vitest'
import { isDeeperThan } from './json-depth.ts'

it.each([
  ['{"a":[1,{"b":2}]}', 3],
  ['[]', 1],
  ['"[[["', 0],
  ['{"a":"\\"[[[","b":"\\\\"}', 1],
  [']]]]', 0],
  ['', 0],
  ['"[[[ without its end', 0],
])('finds that %s nests %i deep', (text, depth) => {
  expect(isDeeperThan(depth, text)).toBe(false)
  if (depth > 0) expect(isDeeperThan(depth - 1, text)).toBe(true)
})

it('takes no longer for what is hostile', () => {
  const backslashes = `"${'\\'.repeat(2_000_000)}`
  expect(isDeeperThan(10, backslashes)).toBe(false)
  expect(isDeeperThan(10, '[1]'.repeat(1_000_000))).toBe(false)
  expect(isDeeperThan(10, '"'.repeat(2_000_000))).toBe(false)
  expect(isDeeperThan(10, '['.repeat(2_000_000))).toBe(true)
})
