import { expect, it } from 'vitest'
import { ItemSweeper } from './item-sweeper.ts'

const HOUR_MS = 3_600_000
const NOW = Date.parse('2026-06-01T12:00:00Z')
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const clock = { now: () => NOW }

it('ItemSweeper > removes in steps what nobody touched for an hour', async () => {
  const calls: [time: number, limit: number][] = []
  const left = [500, 500, 7]
  const sweepItems = async (time: number, limit: number) => {
    calls.push([time, limit])
    return left.shift() ?? 0
  }
  await new ItemSweeper({ jobs: { sweepItems }, clock, logger }).sweep()
  expect(calls).toEqual(Array.from({ length: 3 }, () => [NOW - HOUR_MS, 500]))
})

it('ItemSweeper > does not reject when the store fails', async () => {
  const sweepItems = async () => {
    throw new Error('away')
  }
  await expect(new ItemSweeper({ jobs: { sweepItems }, clock, logger }).sweep()).resolves.toBeUndefined()
})
