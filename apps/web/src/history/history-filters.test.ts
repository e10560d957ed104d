import { describe, expect, it, onTestFinished, vi } from 'vitest'
import {
  chipsOf,
  type FilterAction,
  filtersReducer,
  type HistoryFilters,
  NO_FILTERS,
  queryOf,
  readFilters,
  wordCount,
} from './history-filters.ts'

const after = (...actions: FilterAction[]) => actions.reduce(filtersReducer, NO_FILTERS)

const ALL: HistoryFilters = {
  search: ' two words ',
  status: 'failed',
  model: 'gpt-5',
  from: '2026-03-28',
  to: '2026-03-29',
  metadata: [{ name: 'team', value: 'red' }],
}

/** The clocks of Berlin go forward in the night before 29 March 2026. */
function inBerlin(): void {
  vi.stubEnv('TZ', 'Europe/Berlin')
  onTestFinished(() => void vi.unstubAllEnvs())
}

describe('history filters', () => {
  it('change one by one and are cleared together', () => {
    const filters = after({ type: 'set', filters: { model: 'm' } }, { type: 'set', filters: { status: 'failed' } })
    expect(filters).toEqual({ ...NO_FILTERS, model: 'm', status: 'failed' })
    expect(filtersReducer(filters, { type: 'clear' })).toEqual(NO_FILTERS)
  })

  it('have one value for each name of metadata', () => {
    const add = (name: string, value: string): FilterAction => ({ type: 'add-metadata', name, value })
    const filters = after(add('team', 'red'), add('run', '7'), add('team', 'blue'))
    expect(queryOf(filters)).toEqual({ metadata: { run: '7', team: 'blue' } })
    expect(queryOf(filtersReducer(filters, { type: 'remove-metadata', name: 'run' }))).toEqual({
      metadata: { team: 'blue' },
    })
  })

  it('ask the server for days in the time zone of the user, of which one has 23 hours', () => {
    inBerlin()
    expect(queryOf(ALL)).toEqual({
      search: 'two words',
      status: 'failed',
      model: 'gpt-5',
      createdFrom: '2026-03-27T23:00:00.000Z',
      createdBefore: '2026-03-29T22:00:00.000Z',
      metadata: { team: 'red' },
    })
  })

  it('ask for nothing that the server would refuse', () => {
    expect(queryOf({ ...NO_FILTERS, search: ' ?! ', model: ' ', from: 'soon', to: '2026-1-1' })).toEqual({})
  })

  it('are chips, each of which removes its own', () => {
    const chips = chipsOf(ALL)
    expect(chips.map(({ label }) => label)).toEqual([
      'Model: gpt-5',
      expect.stringMatching(/^From .*28/),
      expect.stringMatching(/^To .*29/),
      'team = red',
    ])
    const left = chips.map(({ remove }) => remove).reduce(filtersReducer, ALL)
    expect(left).toEqual({ ...NO_FILTERS, search: ALL.search, status: ALL.status })
  })

  it('are read as they were stored, and no others', () => {
    expect(readFilters(JSON.parse(JSON.stringify(ALL)))).toEqual(ALL)
    expect(readFilters({ status: 'lost', metadata: [{ name: 'a' }, 7], search: 7 })).toEqual(NO_FILTERS)
    expect(readFilters('text')).toBeUndefined()
  })

  it('count words as the server does: stretches of letters and digits', () => {
    expect(wordCount('don’t')).toBe(2)
    expect(wordCount('  ?! ')).toBe(0)
    expect(wordCount('größe 7')).toBe(2)
  })
})
