import { expect, it } from 'vitest'
import { dollars, usdOf } from './billionths.ts'

it.each([
  [usdOf(41), '$0.000000041'],
  [usdOf(300_000_000), '$0.3'],
  [usdOf(1_234_567_890_123), '$1234.567890123'],
  [1e-10, '$0.0000000001'],
  [1e25, '$10000000000000000000000000'],
  [0, '$0'],
])('dollars > writes %d as a plain decimal', (usd, words) => {
  expect(dollars(usd)).toBe(words)
})
