import { pino } from 'pino'
import { describe, expect, it, vi } from 'vitest'
import { LogLines } from '../../../test/support/log-lines.ts'
import { SearchIndexer } from './search-indexer.ts'

const clock = { now: () => 5 }
const silent = pino({ level: 'silent' })

describe('SearchIndexer', () => {
  it('goes on until nothing is left to do', async () => {
    const indexEnded = vi.fn().mockResolvedValueOnce(true).mockResolvedValueOnce(true).mockResolvedValue(false)
    await new SearchIndexer({ jobs: { indexEnded }, clock, logger: silent }).sweep()
    expect(indexEnded.mock.calls).toEqual([
      [5, 20],
      [5, 20],
      [5, 20],
    ])
  })

  it('logs once that the store does not answer, and goes on when it does', async () => {
    const lines = new LogLines()
    const indexEnded = vi.fn().mockRejectedValueOnce(new Error('away')).mockRejectedValueOnce(new Error('away'))
    const indexer = new SearchIndexer({ jobs: { indexEnded }, clock, logger: lines.logger })
    for (let sweep = 0; sweep < 3; sweep++) await indexer.sweep()
    expect(lines.with('could not index jobs for the search')).toHaveLength(1)
    indexEnded.mockRejectedValueOnce(new Error('away again'))
    await indexer.sweep()
    expect(lines.with('could not index jobs for the search')).toHaveLength(2)
  })

  it('stops between two steps', async () => {
    const begun = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<boolean>()
    const indexEnded = vi.fn(() => {
      begun.resolve()
      return gate.promise
    })
    const indexer = new SearchIndexer({ jobs: { indexEnded }, clock, logger: silent })
    indexer.start()
    await begun.promise
    const stopped = indexer.stop()
    gate.resolve(true)
    await stopped
    expect(indexEnded).toHaveBeenCalledTimes(1)
  })
})
