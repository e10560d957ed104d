import { describe, expect, it } from 'vitest'
import { type CellJob, cellAt, emptyGrid, withJob, withoutJob } from './cells.ts'

const NOTHING = emptyGrid(undefined)
const FIRST = { row: 0, column: 0 }

function job(change: Partial<CellJob> = {}): CellJob {
  return {
    id: 'a',
    status: 'running',
    provider: 'echo',
    model: 'one',
    createdAt: '2026-11-27T10:00:00.000Z',
    metadata: { row: '0', column: '0', 'var.word': 'yes' },
    metrics: undefined,
    error: undefined,
    ...change,
  }
}

describe('a grid of jobs', () => {
  it('grows with its jobs where there is no plan, in any order', () => {
    const last = job({ id: 'b', model: 'two', metadata: { row: '2', column: '1', 'var.word': 'no' } })
    const grid = withJob(withJob(NOTHING, last), job())
    expect(grid.columns.map((column) => column?.model)).toEqual(['one', 'two'])
    expect(grid.rows.map(({ values }) => values)).toEqual([{ word: 'yes' }, {}, { word: 'no' }])
    expect(grid.variables).toEqual(['word'])
    expect(cellAt(grid, { row: 2, column: 1 })?.job.id).toBe('b')
  })

  it('shows the newest job of a cell, whichever comes first', () => {
    const newer = job({ id: 'b', createdAt: '2026-11-27T10:00:01.000Z' })
    for (const jobs of [
      [job(), newer],
      [newer, job()],
    ])
      expect(
        cellAt(
          jobs.reduce((grid, each) => withJob(grid, each), NOTHING),
          FIRST,
        )?.job.id,
      ).toBe('b')
  })

  it('does not let a job that has ended run again', () => {
    const ended = withJob(NOTHING, job({ status: 'completed' }), 'text')
    expect(withJob(ended, job())).toBe(ended)
    expect(withJob(ended, job({ status: 'completed' }))).toBe(ended)
  })

  it('keeps the text so far when the job ends, until the whole text comes', () => {
    const running = withJob(NOTHING, job(), 'half')
    const ended = withJob(running, job({ status: 'completed' }))
    expect(cellAt(ended, FIRST)).toMatchObject({ text: 'half', isWhole: false })
    const whole = withJob(ended, job({ status: 'completed' }), 'whole')
    expect(cellAt(whole, FIRST)).toMatchObject({ text: 'whole', isWhole: true })
  })

  it('leaves the other rows the same objects', () => {
    const grid = withJob(withJob(NOTHING, job()), job({ id: 'b', metadata: { row: '1', column: '0' } }))
    const changed = withJob(grid, job({ status: 'completed' }))
    expect(changed.rows[1]).toBe(grid.rows[1])
    expect(changed.rows[0]).not.toBe(grid.rows[0])
  })

  it('forgets a job that is gone', () => {
    expect(cellAt(withoutJob(withJob(NOTHING, job()), 'a'), FIRST)).toBeUndefined()
  })

  it.each([
    {},
    { row: '-1', column: '0' },
    { row: '500', column: '0' },
    { row: '0', column: '8' },
    { row: 'x', column: '1' },
  ])('ignores a job at the place %j', (metadata) => {
    expect(withJob(NOTHING, job({ metadata }))).toBe(NOTHING)
  })
})
