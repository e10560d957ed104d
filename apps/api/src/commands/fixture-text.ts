import type { Fixture } from '@promptlab/contract'

/** The text of the file of a fixture, to be read and changed by people: each piece of the answer is a line. */
export function fixtureText(fixture: Fixture): string {
  const fields = Object.entries(fixture).filter(([, value]) => value !== undefined)
  return `{\n${fields.map(([name, value]) => `  ${JSON.stringify(name)}: ${textOf(name, value)}`).join(',\n')}\n}\n`
}

function textOf(name: string, value: unknown): string {
  if (name === 'from' || name === 'end') return oneLine(value)
  if (name !== 'answer' || !Array.isArray(value) || value.length === 0)
    return JSON.stringify(value, null, 2).replaceAll('\n', '\n  ')
  return `[\n${value.map((piece) => `    ${oneLine(piece)}`).join(',\n')}\n  ]`
}

function oneLine(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value)
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return `{ ${fields.map(([name, inner]) => `${JSON.stringify(name)}: ${JSON.stringify(inner)}`).join(', ')} }`
}
