import { describe, expect, it } from 'vitest'
import { EMPTY_DRAFT } from '../composer/draft.ts'
import { EMPTY_OPTIONS } from '../composer/option-fields.ts'
import { emptyValues, type GridPlan, readPlan, requestOf } from './grid-plan.ts'

const PLAN: GridPlan = {
  draft: {
    ...EMPTY_DRAFT,
    prompt: 'Say {{word}}',
    options: { ...EMPTY_OPTIONS, system: 'Be {{tone}}', temperature: '0.5' },
    choices: [
      { provider: 'echo', model: 'one' },
      { provider: 'echo', model: 'two', own: { ...EMPTY_OPTIONS, system: 'Own {{word}}' } },
    ],
  },
  rows: [
    { word: 'yes', tone: 'dry' },
    { word: 'no', tone: ' ' },
  ],
}

describe('the request of a cell', () => {
  it('has the values of its row in the prompt and the system text, and notes its place and the templates', () => {
    expect(requestOf('g', PLAN, { row: 0, column: 0 })).toEqual({
      provider: 'echo',
      model: 'one',
      prompt: 'Say yes',
      options: { system: 'Be dry', temperature: 0.5 },
      metadata: {
        grid: 'g',
        row: '0',
        column: '0',
        template: 'Say {{word}}',
        system: 'Be {{tone}}',
        'var.word': 'yes',
        'var.tone': 'dry',
      },
    })
    expect(requestOf('g', PLAN, { row: 1, column: 1 })?.options).toEqual({ system: 'Own no' })
  })

  it('notes no more than the server takes', () => {
    const names = Array.from({ length: 20 }, (_, index) => `v${index}`)
    const draft = { ...PLAN.draft, prompt: names.map((name) => `{{${name}}}`).join(' ') }
    const long = `${'x'.repeat(510)}😀😀`
    const row = Object.fromEntries(names.map((name) => [name, long]))
    const metadata = requestOf('g', { draft, rows: [row] }, { row: 0, column: 0 })?.metadata ?? {}
    expect(Object.keys(metadata)).toHaveLength(16)
    expect(metadata['var.v0']).toBe(`${'x'.repeat(510)}…`)
    const longer = requestOf('g', { draft: { ...draft, prompt: 'x'.repeat(513) }, rows: [{}] }, { row: 0, column: 0 })
    expect(longer?.metadata).not.toHaveProperty('template')
  })

  it('does not exist outside the plan', () => {
    expect(requestOf('g', PLAN, { row: 2, column: 0 })).toBeUndefined()
    expect(requestOf('g', PLAN, { row: 0, column: 2 })).toBeUndefined()
  })
})

describe('a plan', () => {
  it('tells which values are empty', () => {
    expect(emptyValues(PLAN)).toEqual(['Row 2 has no value for tone.'])
    expect(emptyValues({ ...PLAN, rows: [{}, {}, {}, {}, {}] }).at(-1)).toBe('2 more rows lack values.')
  })

  it('is the same after it was stored', () => {
    expect(readPlan(JSON.parse(JSON.stringify(PLAN)))).toEqual(PLAN)
    expect(readPlan({ draft: 3 })).toBeUndefined()
  })
})
