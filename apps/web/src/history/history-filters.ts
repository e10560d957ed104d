import type { JobStatus, ListOptions } from '@promptlab/client'

/** What the history shows. Days are `YYYY-MM-DD` in the time zone of the user, and both belong to the stretch; '' is none. */
export interface HistoryFilters {
  readonly search: string
  readonly status: JobStatus | ''
  readonly model: string
  readonly from: string
  readonly to: string
  /** Notes of the caller that a job must have, all of them. */
  readonly metadata: readonly MetadataFilter[]
}

interface MetadataFilter {
  readonly name: string
  readonly value: string
}

export const NO_FILTERS: HistoryFilters = { search: '', status: '', model: '', from: '', to: '', metadata: [] }

export const STATUSES: readonly JobStatus[] = ['pending', 'running', 'completed', 'failed', 'cancelled']

export type FilterAction =
  | { readonly type: 'set'; readonly filters: Partial<Omit<HistoryFilters, 'metadata'>> }
  /** One value for each name: another one replaces it. */
  | ({ readonly type: 'add-metadata' } & MetadataFilter)
  | { readonly type: 'remove-metadata'; readonly name: string }
  | { readonly type: 'clear' }

/** A filter that is active, as a button that removes it shows it. */
export interface FilterChip {
  readonly label: string
  readonly remove: FilterAction
}

/** What lists are asked for. */
export type HistoryQuery = Pick<
  ListOptions,
  'search' | 'status' | 'model' | 'createdFrom' | 'createdBefore' | 'metadata'
>

/** The longest search that the server takes, in characters. */
export const MAX_SEARCH = 200

const WORD = /[\p{L}\p{N}]+/gu
const DAY = /^\d{4}-\d\d-\d\d$/
const DAY_TEXT = new Intl.DateTimeFormat(undefined, { year: 'numeric', month: 'short', day: 'numeric' })

export function filtersReducer(filters: HistoryFilters, action: FilterAction): HistoryFilters {
  switch (action.type) {
    case 'set':
      return { ...filters, ...action.filters }
    case 'add-metadata': {
      const { name, value } = action
      return { ...filters, metadata: [...filters.metadata.filter((each) => each.name !== name), { name, value }] }
    }
    case 'remove-metadata':
      return { ...filters, metadata: filters.metadata.filter(({ name }) => name !== action.name) }
    case 'clear':
      return NO_FILTERS
  }
}

/** The number of words of a search. A search without any is none: the server would refuse it. */
export function wordCount(search: string): number {
  return search.match(WORD)?.length ?? 0
}

/** The query of the filters. Filters that say the same give the same JSON. */
export function queryOf({ search, status, model, from, to, metadata }: HistoryFilters): HistoryQuery {
  const createdFrom = startOfDay(from)
  const createdBefore = startOfDay(to, 1)
  return {
    ...(wordCount(search) > 0 && { search: search.trim() }),
    ...(status && { status }),
    ...(model.trim() && { model: model.trim() }),
    ...(createdFrom && { createdFrom }),
    ...(createdBefore && { createdBefore }),
    ...(metadata.length > 0 && { metadata: Object.fromEntries(metadata.map(({ name, value }) => [name, value])) }),
  }
}

/** The active filters besides the search and the status, which have fields of their own in sight. */
export function chipsOf({ model, from, to, metadata }: HistoryFilters): FilterChip[] {
  const none = (filters: Partial<HistoryFilters>): FilterAction => ({ type: 'set', filters })
  return [
    ...(model.trim() ? [{ label: `Model: ${model.trim()}`, remove: none({ model: '' }) }] : []),
    ...(startOfDay(from) ? [{ label: `From ${dayText(from)}`, remove: none({ from: '' }) }] : []),
    ...(startOfDay(to) ? [{ label: `To ${dayText(to)}`, remove: none({ to: '' }) }] : []),
    ...metadata.map(({ name, value }) => ({
      label: `${name} = ${value}`,
      remove: { type: 'remove-metadata', name } as const,
    })),
  ]
}

/** Filters that were stored; undefined if they are none. */
export function readFilters(stored: unknown): HistoryFilters | undefined {
  if (!isRecord(stored)) return undefined
  const text = (name: string) => (typeof stored[name] === 'string' ? stored[name] : '')
  const metadata = Array.isArray(stored['metadata']) ? stored['metadata'] : []
  return {
    search: text('search').slice(0, MAX_SEARCH),
    status: STATUSES.find((status) => status === stored['status']) ?? '',
    model: text('model'),
    from: text('from'),
    to: text('to'),
    metadata: metadata.filter(isMetadataFilter).map(({ name, value }) => ({ name, value })),
  }
}

/**
 * The moment at which a day begins here, as an ISO date in UTC; undefined if the text is no day.
 * @param later how many days later
 */
function startOfDay(day: string, later = 0): string | undefined {
  if (!DAY.test(day)) return undefined
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number)
  // Not by adding 24 hours: a day at which the clocks change has 23 or 25.
  const start = new Date(year, month - 1, date + later)
  return Number.isNaN(start.getTime()) ? undefined : start.toISOString()
}

function dayText(day: string): string {
  return DAY_TEXT.format(new Date(startOfDay(day) ?? ''))
}

function isMetadataFilter(value: unknown): value is MetadataFilter {
  return isRecord(value) && typeof value['name'] === 'string' && typeof value['value'] === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
