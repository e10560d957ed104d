import { expect, it } from 'vitest'
import { HiddenJobSweeper } from './hidden-job-sweeper.ts'

const NOW = Date.parse('2026-06-01T12:00:00Z')
const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
const clock = { now: () => NOW }

it('HiddenJobSweeper > removes in steps the jobs whose time has come', async () => {
  const calls: [now: number, limit: number][] = []
  const left = [500, 500, 7]
  const deleteHidden = async (now: number, limit: number) => {
    calls.push([now, limit])
    return left.shift() ?? 0
  }
  await new HiddenJobSweeper({ jobs: { deleteHidden }, clock, logger }).sweep()
  expect(calls).toEqual(Array.from({ length: 3 }, () => [NOW, 500]))
})

it('HiddenJobSweeper > does not reject when the store fails', async () => {
  const deleteHidden = async () => {
    throw new Error('away')
  }
  await expect(new HiddenJobSweeper({ jobs: { deleteHidden }, clock, logger }).sweep()).resolves.toBeUndefined()
})
