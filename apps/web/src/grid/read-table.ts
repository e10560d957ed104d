import type { Values } from './grid-plan.ts'

/** A table of texts, and what is wrong with the text that it was read from, in sentences. */
export interface TextTable {
  readonly lines: readonly (readonly string[])[]
  readonly faults: readonly string[]
}

/** The rows of a file, and what the user should know of them. */
export interface ReadRows {
  readonly rows: readonly Values[]
  readonly notes: readonly string[]
}

const MOST_NOTES = 4

/**
 * Reads CSV.
 * @param delimiter default: a comma, a semicolon, a tab or a bar, as the first line has it
 * @returns lines without those that are empty
 */
export async function readTable(text: string, delimiter = delimiterOf(text)): Promise<TextTable> {
  // Loaded when a table is first read.
  const { default: Papa } = await import('papaparse')
  const { data, errors } = Papa.parse<string[]>(text.replace(/^\uFEFF/, ''), {
    delimiter,
    skipEmptyLines: 'greedy',
  })
  return {
    lines: data,
    faults: errors.map(({ row, code }) => `Line ${(row ?? 0) + 1}: ${WORDS[code] ?? 'cannot be read'}.`),
  }
}

/** The delimiter that the first line has most often outside of quotes. */
function delimiterOf(text: string): string {
  const [head = ''] = text
    .replace(/"[^"]*"/g, '')
    .trimStart()
    .split(/[\r\n]/)
  const counts = [',', ';', '\t', '|'].map((delimiter) => ({ delimiter, count: head.split(delimiter).length }))
  return counts.reduce((best, each) => (each.count > best.count ? each : best)).delimiter
}

const WORDS: Readonly<Record<string, string>> = {
  MissingQuotes: 'a quote is not closed',
  InvalidQuotes: 'there is text behind a closing quote',
}

/** The rows of a file whose first line has the names of the variables. A line with too many or too few values is left out. */
export function rowsOfTable({ lines, faults }: TextTable, variables: readonly string[], most: number): ReadRows {
  const [head = [], ...body] = lines
  const names = head.map((name) => variables.find((each) => isSame(each, name)) ?? name.trim())
  const missing = variables.filter((name) => !names.includes(name))
  const unused = names.filter((name) => name !== '' && !variables.includes(name))
  const wrong = body.flatMap((line, index) =>
    line.length === head.length
      ? []
      : [`Row ${index + 1} has ${line.length} values, not ${head.length}. It is left out.`],
  )
  const right = body.filter((line) => line.length === head.length)
  const notes = [
    ...faults,
    ...wrong,
    ...(missing.length > 0 ? [`The file has no column for ${missing.join(', ')}.`] : []),
    ...(unused.length > 0 ? [`The prompt does not use ${unused.map((name) => `{{${name}}}`).join(', ')}.`] : []),
    ...(right.length > most ? [`Only the first ${most} of ${right.length} rows are loaded.`] : []),
  ]
  const more = notes.length - MOST_NOTES
  return {
    rows: right.slice(0, most).map((line) => Object.fromEntries(names.map((name, at) => [name, line[at] ?? '']))),
    notes: more > 0 ? [...notes.slice(0, MOST_NOTES), `${more} more notes.`] : notes,
  }
}

/** Rows into which lines of a spreadsheet are pasted, from a cell on. Lines below the last row become rows. */
export function pasted(
  rows: readonly Values[],
  lines: readonly (readonly string[])[],
  at: { readonly row: number; readonly variable: string },
  variables: readonly string[],
  most: number,
): readonly Values[] {
  const first = variables.indexOf(at.variable)
  const isHead = (line: readonly string[]) => line.every((text, index) => isSame(variables[first + index] ?? '', text))
  const values = lines[0] && isHead(lines[0]) ? lines.slice(1) : lines
  const changed = [...rows]
  for (const [index, line] of values.entries()) {
    const row = at.row + index
    if (row >= most) break
    const cells = line.flatMap((text, offset) => {
      const name = variables[first + offset]
      return name === undefined ? [] : [[name, text]]
    })
    changed[row] = { ...changed[row], ...Object.fromEntries(cells) }
  }
  return changed
}

function isSame(variable: string, name: string): boolean {
  return variable.toLowerCase() === name.trim().toLowerCase()
}
