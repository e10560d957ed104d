import { describe, expect, it } from 'vitest'
import { emptyGrid, withJob } from './cells.ts'
import { csvField, csvOf, jsonOf } from './export-grid.ts'
import { readTable } from './read-table.ts'

const metrics = { durationMs: 12, tokenCount: 3, ttftMs: 1, queuedMs: 0, attempts: 1 }
const GRID = withJob(
  emptyGrid(undefined),
  {
    id: 'a',
    status: 'completed',
    provider: 'echo',
    model: 'one',
    createdAt: '',
    metadata: { row: '0', column: '0', 'var.word': '=1+1' },
    metrics,
    error: undefined,
  },
  'He said "a,\nb"',
)

describe('a grid as a file', () => {
  it('is CSV of RFC 4180 with a byte order mark, which reads back as it was', async () => {
    const csv = csvOf(GRID)
    expect(csv).toBe(
      '\uFEFFword,1 echo/one,1 echo/one status,1 echo/one ms,1 echo/one tokens,1 echo/one usd,1 echo/one job\r\n' +
        '\'=1+1,"He said ""a,\nb""",completed,12,3,,a\r\n',
    )
    expect((await readTable(csv)).lines[1]?.[1]).toBe('He said "a,\nb"')
  })

  it.each(['=1', '+1', '-1', '@a', '\t=1'])('gives spreadsheets no formula: %j', (text) => {
    expect(csvField(text)).toBe(`'${text}`)
  })

  it('is JSON with everything that is known', () => {
    expect(JSON.parse(jsonOf('g', GRID))).toEqual({
      grid: 'g',
      variables: ['word'],
      models: [{ provider: 'echo', model: 'one' }],
      rows: [
        {
          values: { word: '=1+1' },
          answers: [{ jobId: 'a', status: 'completed', text: 'He said "a,\nb"', metrics }],
        },
      ],
    })
  })
})
