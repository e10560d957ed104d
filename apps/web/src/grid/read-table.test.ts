import { describe, expect, it } from 'vitest'
import { pasted, readTable, rowsOfTable } from './read-table.ts'

const MOST = 500

describe('a CSV file', () => {
  it('is read with a byte order mark, quotes, line breaks in quotes, and empty lines', async () => {
    const { lines, faults } = await readTable('\uFEFFtopic,tone\r\n"a, ""b""\nc",dry\r\n\r\n')
    expect(lines).toEqual([
      ['topic', 'tone'],
      ['a, "b"\nc', 'dry'],
    ])
    expect(faults).toEqual([])
  })

  it('may have semicolons, tabs, or one column', async () => {
    expect((await readTable('a;b\n1,5;2')).lines).toEqual([
      ['a', 'b'],
      ['1,5', '2'],
    ])
    expect((await readTable('a\tb\n1\t2')).lines).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ])
    expect(await readTable('a\nb')).toEqual({ lines: [['a'], ['b']], faults: [] })
  })

  it('is told of in words where it is wrong', async () => {
    expect((await readTable('a,b\n1,"2')).faults).toEqual(['Line 2: a quote is not closed.'])
    const read = rowsOfTable({ lines: [['Topic', 'x'], ['a'], ['b', 'c']], faults: [] }, ['topic', 'tone'], MOST)
    expect(read.rows).toEqual([{ topic: 'b', x: 'c' }])
    expect(read.notes).toEqual([
      'Row 1 has 1 values, not 2. It is left out.',
      'The file has no column for tone.',
      'The prompt does not use {{x}}.',
    ])
  })

  it('gives at most so many rows, and says so', () => {
    const { rows, notes } = rowsOfTable({ lines: [['a'], ['1'], ['2'], ['3']], faults: [] }, ['a'], 2)
    expect(rows).toEqual([{ a: '1' }, { a: '2' }])
    expect(notes).toEqual(['Only the first 2 of 3 rows are loaded.'])
  })
})

describe('cells of a spreadsheet', () => {
  it('fill the cells from the one on in which they are pasted, and add rows', async () => {
    const { lines } = await readTable('1\t"2\n3"\tbeyond\n4\t5', '\t')
    const rows = [
      { a: 'A', b: 'B' },
      { b: 'C', c: 'D' },
    ]
    expect(pasted(rows, lines, { row: 1, variable: 'b' }, ['a', 'b', 'c'], MOST)).toEqual([
      { a: 'A', b: 'B' },
      { b: '1', c: '2\n3' },
      { b: '4', c: '5' },
    ])
  })

  it('leave out a line with the names of the variables', () => {
    expect(
      pasted(
        [{}],
        [
          ['A', 'b'],
          ['1', '2'],
        ],
        { row: 0, variable: 'a' },
        ['a', 'b'],
        MOST,
      ),
    ).toEqual([{ a: '1', b: '2' }])
  })

  it('end at the most rows', () => {
    expect(pasted([{}], [['1'], ['2'], ['3']], { row: 0, variable: 'a' }, ['a'], 2)).toHaveLength(2)
  })
})
