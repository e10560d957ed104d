import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { faultsOf, VARIABLE_NAMES, VENDOR_VARIABLES } from '../../test/support/environment-variables.ts'
import { Environment } from './environment.ts'
import { readVendors } from './vendor-settings.ts'

const textOf = (path: string) => readFile(new URL(`../../../../${path}`, import.meta.url), 'utf8')

const SERVER_FORMS = new Map(Object.entries(Environment.shape))

/** The value that a variable sets. Without a text: its default. */
function settingOf(name: string, text: string | undefined): unknown {
  const form = SERVER_FORMS.get(name)
  if (form) return form.parse(text)
  return readVendors({ [name]: text }).vendors.map(({ settings }) => ({ ...settings, apiKey: settings.apiKey() }))
}

function hasDefault(name: string): boolean {
  const setting = VENDOR_VARIABLES.get(name)
  if (setting) return 'default' in setting
  const value = settingOf(name, undefined)
  return value !== undefined && !(Array.isArray(value) && value.length === 0)
}

describe('docs/settings.md', async () => {
  const text = await textOf('docs/settings.md')
  const rows = [...text.matchAll(/^\| `([A-Z_]+)` \| (.*?) \| (?:(.*?) )?\| (.*) \|$/gm)].map(
    ([, name = '', shown = '', limits = '', meaning = '']) => ({ name, shown, limits, meaning }),
  )

  it('has a row for each variable, and no other', () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(VARIABLE_NAMES)
  })

  it.each(rows)('shows the default of $name', ({ name, shown }) => {
    const value = /^`([^`]+)`$/.exec(shown)?.[1]
    expect(value !== undefined).toBe(hasDefault(name))
    expect(settingOf(name, value)).toEqual(settingOf(name, undefined))
  })

  it.each(rows)('shows the limits of $name', ({ name, limits }) => {
    const faults = ['?,,', 'mysql:x'].flatMap((value) => faultsOf({ [name]: value })).join()
    if (limits === '') expect(faults).not.toMatch(/\d to \d|\d characters|one of/)
    else expect(faults).toMatch(new RegExp(`\\b${limits.replaceAll('`', '')}\\b`))
  })

  it('describes each variable in sentences', () => {
    for (const { name, meaning } of rows) expect(meaning, name).toMatch(/^[A-Z`].*\.$/)
  })

  it('has no line over 120 characters outside its tables', () => {
    expect(text.split('\n').filter((line) => line.length > 120 && !line.startsWith('|'))).toEqual([])
  })
})

describe('.env.example', async () => {
  const text = await textOf('.env.example')
  const lines = [...text.matchAll(/^# ?([A-Z_]+)=(.*)$/gm)].map(([, name = '', value = '']) => ({ name, value }))

  it('has a line for each variable, and no other', () => {
    expect(lines.map(({ name }) => name).sort()).toEqual(VARIABLE_NAMES)
  })

  it.each(lines)('shows the default of $name', ({ name, value }) => {
    expect(value !== '').toBe(hasDefault(name))
    expect(settingOf(name, value || undefined)).toEqual(settingOf(name, undefined))
  })
})
