import { expect, it } from 'vitest'
import { Random } from '../../../../test/support/random.ts'
import { FirstOf } from './first-of.ts'

const SEED = Number(process.env['FIRST_OF_SEED'] ?? Date.now() % 1_000_000)

it(`FirstOf > has what sorting all items has (FIRST_OF_SEED=${SEED})`, () => {
  const random = new Random(SEED)
  for (let round = 0; round < 200; round++) {
    const limit = 1 + random.below(20)
    const items = Array.from({ length: random.below(200) }, () => random.below(1_000))
    const first = new FirstOf<number>(limit, (a, b) => a - b)
    for (const item of items) first.add(item)
    expect(first.sorted()).toEqual(items.toSorted((a, b) => a - b).slice(0, limit))
  }
})
